package dev.headwater.connect;

import dev.headwater.reader.Cursor;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.kafka.connect.errors.ConnectException;

/**
 * How far a feed is in Kafka, as Connect keeps it. An operator may also write where to go on as {@code {"position":"beginning"}},
 * {@code {"time":"<RFC 3339>"}} or {@code {"event":"<id>"}}.
 *
 * @param partitions of the topics written so; 0 when not known
 * @param topicId of the topic written; empty when not known, or when each category of streams has its own
 */
record FeedOffset(String log, Cursor cursor, int partitions, String topicId) {
    static final String SERVICE = "service";
    static final String FEED = "feed";
    static final Map<String, ?> BEGINNING = Map.of("position", "beginning");

    /**
     * Connect finds an offset by the JSON text of its partition, so the order of fields is part of the key. Its REST interface asks
     * with what it read back into a HashMap: in any other order than that map's it would show no offset at all.
     */
    static Map<String, String> partition(String service) {
        Map<String, String> partition = new LinkedHashMap<>();
        partition.put(FEED, "published");
        partition.put(SERVICE, service);
        return partition;
    }

    /** Of a feed that nothing is written of yet. */
    static FeedOffset from(Cursor cursor) {
        return new FeedOffset("", cursor, 0, "");
    }

    /** Written to these topics; as before when there are none. */
    FeedOffset over(Collection<Topics.Known> topics, boolean byCategory) {
        if (topics.isEmpty()) return this;
        Topics.Known any = topics.iterator().next();
        return new FeedOffset(log, cursor, any.partitions(), byCategory ? "" : any.id());
    }

    /** Moved on, with the topics written as they were. */
    FeedOffset to(String log, Cursor cursor) {
        return new FeedOffset(log, cursor, partitions, topicId);
    }

    /** @param now milliseconds since 1970, so that the connector sees whether its tasks live */
    Map<String, Object> toMap(long now) {
        Map<String, Object> map = new HashMap<>();
        map.put("log", log);
        map.put("position", cursor.position());
        map.put("id", cursor.id());
        map.put("partitions", (long) partitions);
        if (!topicId.isEmpty()) map.put("topicId", topicId);
        map.put("at", now);
        return map;
    }

    /** The same place, with why nothing comes from there: Connect's REST interface shows it. */
    static Map<String, Object> stuck(Map<String, ?> offset, String reason, long now) {
        Map<String, Object> map = new HashMap<>(offset);
        map.put("stuck", reason);
        map.put("at", now);
        return map;
    }

    static boolean isSymbolic(Map<String, ?> offset) {
        return !(offset.get("position") instanceof Number);
    }

    static FeedOffset of(Map<String, ?> offset) {
        long position = ((Number) offset.get("position")).longValue();
        String id = offset.get("id") instanceof String text ? text : "";
        String log = offset.get("log") instanceof String text ? text : "";
        int partitions = offset.get("partitions") instanceof Number count ? count.intValue() : 0;
        String topicId = offset.get("topicId") instanceof String text ? text : "";
        return new FeedOffset(log, new Cursor(position, id), partitions, topicId);
    }

    static long writtenAt(Map<String, ?> offset) {
        return offset != null && offset.get("at") instanceof Number at ? at.longValue() : 0;
    }

    /** @throws ConnectException when an operator's offset cannot be understood */
    static void check(Map<String, ?> partition, Map<String, ?> offset) {
        if (!(partition.get(SERVICE) instanceof String service) || !partition.equals(partition(service)))
            throw new ConnectException("Expected a partition {\"feed\":\"published\",\"service\":\"<name>\"}, got " + partition);
        if (offset == null) return;
        Map<String, Object> known = new LinkedHashMap<>(offset);
        known.keySet().removeAll(java.util.Set.of("partitions", "topicId", "at", "stuck"));
        boolean symbolic = known.equals(Map.of("position", "beginning"))
                || (known.size() == 1 && (known.get("time") instanceof String || known.get("event") instanceof String));
        boolean exact = known.get("position") instanceof Number position
                && position.longValue() >= 0
                && (position.longValue() == 0 || known.get("id") instanceof String);
        if (!symbolic && !exact)
            throw new ConnectException("Expected an offset {\"position\":\"beginning\"}, {\"time\":\"<RFC 3339>\"}, {\"event\":\"<id>\"} or {\"log\":…,\"position\":…,\"id\":…}, got " + offset);
    }
}
