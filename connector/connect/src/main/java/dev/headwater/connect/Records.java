package dev.headwater.connect;

import dev.headwater.reader.Cursor;
import dev.headwater.reader.Event;
import dev.headwater.reader.Item;
import dev.headwater.reader.Lineage;
import dev.headwater.reader.Range;
import dev.headwater.reader.Slot;
import dev.headwater.reader.Unusable;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.header.ConnectHeaders;
import org.apache.kafka.connect.header.Headers;
import org.apache.kafka.connect.source.SourceRecord;

/** Turns chunks into records: events byte for byte, what is none into quarantine, heartbeats. Keeps each feed's offset. */
final class Records {
    private final Settings settings;
    private final Map<String, FeedOffset> reached = new HashMap<>();
    /** Last range of each feed that no heartbeat has told of yet. */
    private final Map<String, Range> unsaid = new HashMap<>();
    private final Map<String, Lineage> lineages = new HashMap<>();
    private final Map<String, Long> heartbeatAt = new HashMap<>();
    private final Map<String, Long> stuckSaidAt = new HashMap<>();
    private final String heartbeats;
    private final String quarantine;
    private final int mostBytes;
    private final long heartbeatEveryMs;
    private final long stuckEveryMs;

    /** @param kept service → offset that reading began at */
    Records(Settings settings, Map<String, FeedOffset> kept) {
        this.settings = settings;
        this.heartbeats = settings.getString("heartbeat.topic");
        this.quarantine = settings.getString("quarantine.topic");
        this.mostBytes = settings.getInt("event.max.bytes");
        this.heartbeatEveryMs = settings.getInt("heartbeat.interval.ms");
        this.stuckEveryMs = settings.getInt("wait.seconds") * 1000L;
        reached.putAll(kept);
    }

    List<SourceRecord> of(List<Chunk> chunks) {
        List<SourceRecord> records = new ArrayList<>();
        long now = System.currentTimeMillis();
        for (Chunk chunk : chunks) {
            String service = chunk.lane().service();
            reached.put(service, reachedBy(service).over(chunk.topics().values(), settings.byCategory()));
            for (Item item : chunk.items()) records.add(record(chunk, service, item, now));
            move(service, chunk.range().log(), chunk.range().cursor());
            unsaid.put(service, chunk.range());
            // Where a log forked must be told with its first events: nobody hands them on before.
            if (!chunk.lineage().equals(lineages.put(service, chunk.lineage()))) heartbeatAt.remove(service);
        }
        for (Map.Entry<String, Range> one : List.copyOf(unsaid.entrySet())) {
            if (now - heartbeatAt.getOrDefault(one.getKey(), 0L) < heartbeatEveryMs) continue;
            records.add(heartbeat(one.getKey(), one.getValue(), now));
            unsaid.remove(one.getKey());
        }
        return records;
    }

    /** Says of feeds that are stuck that their task lives and why nothing comes, as often as an idle feed says that it is well. */
    List<SourceRecord> of(Map<FeedLane, RuntimeException> stuck) {
        List<SourceRecord> records = new ArrayList<>();
        long now = System.currentTimeMillis();
        stuck.forEach((lane, reason) -> {
            String service = lane.service();
            if (now - stuckSaidAt.getOrDefault(service, 0L) < stuckEveryMs) return;
            stuckSaidAt.put(service, now);
            FeedOffset before = reached.get(service);
            records.add(beside(service, FeedOffset.stuck(before == null ? lane.kept() : before.toMap(now), reason.getMessage(), now), settings.topic(service, "{category}") + " stuck", Heartbeat.stuck(service, reason.getMessage(), now), now));
        });
        stuckSaidAt.keySet().retainAll(stuck.keySet().stream().map(FeedLane::service).toList());
        return records;
    }

    private SourceRecord record(Chunk chunk, String service, Item item, long now) {
        String log = chunk.range().log();
        if (!(item instanceof Event event)) {
            Unusable unusable = (Unusable) item;
            return putAside(chunk, service, unusable.reason(), unusable.json(), now);
        }
        String topic = settings.topicOf(service, event.stream());
        Topics.Known known = chunk.topics().get(topic);
        int partitions = known.partitions();
        move(service, log, event.cursor());
        return new SourceRecord(
                FeedOffset.partition(service), offset(service, now), topic, Slot.of(event.orderingKey()) % partitions,
                Schema.BYTES_SCHEMA, event.orderingKey().getBytes(StandardCharsets.UTF_8),
                Schema.BYTES_SCHEMA, event.json(),
                known.timestamp(Instant.parse(event.time()).toEpochMilli(), now), headers(event, log));
    }

    private static Headers headers(Event event, String log) {
        ConnectHeaders headers = new ConnectHeaders();
        headers.addString("content-type", "application/cloudevents+json; charset=UTF-8");
        headers.addString("ce_specversion", "1.0");
        headers.addString("ce_id", event.id());
        headers.addString("ce_source", event.source());
        headers.addString("ce_type", event.type());
        headers.addString("ce_subject", event.stream());
        headers.addString("ce_time", event.time());
        headers.addString("position", Long.toString(event.position()));
        headers.addString("log", log);
        if (event.traceparent() != null) headers.addString("traceparent", event.traceparent());
        return headers;
    }

    private SourceRecord putAside(Chunk chunk, String service, String reason, byte[] json, long now) {
        chunk.lane().vitals.quarantined++;
        ConnectHeaders headers = new ConnectHeaders();
        headers.addString("reason", reason);
        headers.addString("after", reachedBy(service).cursor().toString());
        headers.addString("log", chunk.range().log());
        boolean fits = json.length <= mostBytes;
        return new SourceRecord(
                FeedOffset.partition(service), offset(service, now), quarantine, 0,
                Schema.BYTES_SCHEMA, service.getBytes(StandardCharsets.UTF_8),
                Schema.BYTES_SCHEMA, fits ? json : new byte[0], now, headers);
    }

    private SourceRecord heartbeat(String service, Range range, long now) {
        heartbeatAt.put(service, now);
        // It proves something of this topic only: another connector may read the same feed, or other types of it, into another one.
        String topic = settings.topic(service, "{category}");
        List<String> types = settings.getList("types").stream().map(type -> type.replaceFirst("@.*", "")).toList();
        byte[] value = new Heartbeat(topic, reachedBy(service).topicId(), service, types, range, lineages.get(service), now).json();
        return beside(service, offset(service, now), topic, value, now);
    }

    private SourceRecord beside(String service, Map<String, Object> offset, String key, byte[] value, long now) {
        return new SourceRecord(
                FeedOffset.partition(service), offset, heartbeats, 0,
                Schema.BYTES_SCHEMA, key.getBytes(StandardCharsets.UTF_8),
                Schema.BYTES_SCHEMA, value, now);
    }

    private FeedOffset reachedBy(String service) {
        return reached.getOrDefault(service, FeedOffset.from(Cursor.START));
    }

    private Map<String, Object> offset(String service, long now) {
        return reachedBy(service).toMap(now);
    }

    private void move(String service, String log, Cursor cursor) {
        reached.put(service, reachedBy(service).to(log, cursor));
    }
}
