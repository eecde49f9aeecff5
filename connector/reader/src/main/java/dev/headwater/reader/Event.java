package dev.headwater.reader;

/**
 * An event as served.
 *
 * @param previousPosition of the event shown before it; -1 where the feed is filtered
 * @param time when it happened, RFC 3339
 * @param recordedTime when it was recorded, RFC 3339
 * @param traceparent null when none was given
 * @param orderingKey the partition key, else the stream
 * @param json the event's bytes, exactly as served
 */
public record Event(
        long position,
        long previousPosition,
        String id,
        String source,
        String type,
        String stream,
        String time,
        String recordedTime,
        String traceparent,
        String orderingKey,
        byte[] json)
        implements Item {
    public Cursor cursor() {
        return new Cursor(position, id);
    }
}
