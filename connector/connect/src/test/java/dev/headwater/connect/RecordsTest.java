package dev.headwater.connect;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.headwater.reader.Covered;
import dev.headwater.reader.Cursor;
import dev.headwater.reader.Event;
import dev.headwater.reader.Item;
import dev.headwater.reader.Lineage;
import dev.headwater.reader.Place;
import dev.headwater.reader.Range;
import dev.headwater.reader.Slot;
import dev.headwater.reader.Unusable;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.connect.source.SourceRecord;
import org.junit.jupiter.api.Test;

class RecordsTest {
    private final Settings settings = settings();

    private static Settings settings(String... more) {
        Map<String, String> given = new HashMap<>(Map.of("entry.url", "http://bank/", "kafka.bootstrap.servers", "none:1", "event.max.bytes", "1024"));
        for (int i = 0; i < more.length; i += 2) given.put(more[i], more[i + 1]);
        return new Settings(given);
    }

    private static Event event(long position, String key, String json) {
        return new Event(position, position - 1, "id-" + position, "/pots", "Saved", "pot-1", "2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05.678901Z", "00-trace", key, json.getBytes(StandardCharsets.UTF_8));
    }

    private Chunk chunk(long to, Item... items) {
        return chunk(new Lineage("log-1", Map.of()), to, items);
    }

    private Chunk chunk(Lineage lineage, long to, Item... items) {
        return chunk(lineage, "headwater.pots", Long.MAX_VALUE, to, items);
    }

    private Chunk chunk(Lineage lineage, String topic, long latestAheadMs, long to, Item... items) {
        FeedLane lane = new FeedLane(settings, new Place("pots", URI.create("http://bank/pots/")), null, name -> null, new Intake(1, 1));
        Range range = new Range(lineage.log(), 1, to, items.length, new Cursor(to, "id-" + to), true);
        return new Chunk(lane, new Covered(List.of(items), range, 0), lineage, Map.of(topic, new Topics.Known("t-1", 12, latestAheadMs, 1 << 20, 0)));
    }

    private Records records(String... more) {
        return new Records(settings(more), Map.of());
    }

    @Test
    void carry_the_event_as_served_under_its_key_in_the_partition_of_its_slot() {
        String json = "{\"id\":\"id-1\",\"data\":{\"n\":12.50}}";
        SourceRecord record = records().of(List.of(chunk(1, event(1, "customer-7", json)))).get(0);
        assertEquals("headwater.pots", record.topic());
        assertEquals(Slot.of("customer-7") % 12, record.kafkaPartition());
        assertArrayEquals("customer-7".getBytes(StandardCharsets.UTF_8), (byte[]) record.key());
        assertArrayEquals(json.getBytes(StandardCharsets.UTF_8), (byte[]) record.value());
        assertEquals(1767323045678L, record.timestamp());
        assertEquals(Map.of("service", "pots", "feed", "published"), record.sourcePartition());
        assertEquals(1L, record.sourceOffset().get("position"));
        assertEquals("id-1", record.sourceOffset().get("id"));
        assertEquals("log-1", record.sourceOffset().get("log"));
        Map<String, Object> headers = new HashMap<>();
        record.headers().forEach(header -> headers.put(header.key(), header.value()));
        assertEquals("id-1", headers.get("ce_id"));
        assertEquals("Saved", headers.get("ce_type"));
        assertEquals("pot-1", headers.get("ce_subject"));
        assertEquals("1", headers.get("position"));
        assertEquals("log-1", headers.get("log"));
        assertEquals("00-trace", headers.get("traceparent"));
    }

    /** A broker takes no record of a later time than the topic allows; one such event must not stop the feed. */
    @Test
    void have_the_time_of_their_event_or_the_latest_that_the_topic_takes() {
        Lineage lineage = new Lineage("log-1", Map.of());
        Records records = records();
        long before = System.currentTimeMillis();
        long past = records.of(List.of(chunk(lineage, "headwater.pots", 1_000, 1, event(1, "k", "{}")))).get(0).timestamp();
        assertEquals(1767323045678L, past);
        Event ahead = new Event(2, 1, "id-2", "/pots", "Saved", "pot-1", "2999-01-01T00:00:00.000Z", "2026-01-02T03:04:05.678901Z", null, "k", "{}".getBytes(StandardCharsets.UTF_8));
        long capped = records.of(List.of(chunk(lineage, "headwater.pots", 1_000, 2, ahead))).get(0).timestamp();
        assertTrue(capped >= before + 1_000 && capped <= System.currentTimeMillis() + 1_000);
        assertEquals(32472144000000L, records().of(List.of(chunk(2, ahead))).get(0).timestamp());
    }

    @Test
    void move_the_offset_over_hidden_events_with_a_heartbeat() {
        List<SourceRecord> records = records().of(List.of(chunk(40)));
        assertEquals("headwater.heartbeats", records.get(0).topic());
        assertEquals(40L, records.get(0).sourceOffset().get("position"));
        assertTrue(new String((byte[]) records.get(0).value(), StandardCharsets.UTF_8).contains("\"position\":40"));
    }

    @Test
    void tell_within_the_interval_of_the_last_position_also_when_nothing_more_comes() throws Exception {
        Records records = records("heartbeat.interval.ms", "20");
        assertEquals("headwater.heartbeats", records.of(List.of(chunk(1))).get(0).topic());
        assertEquals(0, records.of(List.of()).size());
        List<SourceRecord> later = new java.util.ArrayList<>(records.of(List.of(chunk(2))));
        while (later.isEmpty()) later.addAll(records.of(List.of()));
        assertEquals(2L, later.get(0).sourceOffset().get("position"));
        assertEquals(0, records.of(List.of()).size());
    }

    /** A consumer hands on no event of a lineage before it knows where that began. */
    @Test
    void tell_where_a_log_forked_with_its_first_events_whatever_the_interval() {
        Records records = records();
        records.of(List.of(chunk(10, event(10, "k", "{}"))));
        assertEquals(1, records.of(List.of(chunk(11, event(11, "k", "{}")))).size());
        Lineage forked = new Lineage("log-2", Map.of("log-1", new Cursor(6, "id\"6")));
        List<SourceRecord> first = records.of(List.of(chunk(forked, 7, event(7, "k", "{}"))));
        assertEquals(List.of("headwater.pots", "headwater.heartbeats"), first.stream().map(SourceRecord::topic).toList());
        String text = new String((byte[]) first.get(1).value(), StandardCharsets.UTF_8);
        assertTrue(text.contains("\"log\":\"log-2\",\"lineage\":[{\"log\":\"log-2\"},{\"log\":\"log-1\",\"cursor\":\"6.id\\\"6\"}],\"cursor\":\"7.id-7\""), text);
        assertEquals(1, records.of(List.of(chunk(forked, 8, event(8, "k", "{}")))).size());
    }

    /** By its offset the connector sees that the task lives, and Connect's REST interface shows what a person must see to. */
    @Test
    void tell_once_in_a_while_that_a_feed_is_stuck_and_prove_nothing_by_it() {
        Records records = records();
        records.of(List.of(chunk(3, event(3, "k", "{}"))));
        Chunk later = chunk(4);
        Map<FeedLane, RuntimeException> stuck = Map.of(later.lane(), new IllegalStateException("forked"));
        SourceRecord said = records.of(stuck).get(0);
        assertEquals(0, records.of(stuck).size());
        assertEquals("headwater.heartbeats", said.topic());
        assertEquals("headwater.pots stuck", new String((byte[]) said.key(), StandardCharsets.UTF_8));
        assertTrue(new String((byte[]) said.value(), StandardCharsets.UTF_8).startsWith("{\"service\":\"pots\",\"feed\":\"published\",\"stuck\":\"forked\""));
        assertEquals("forked", said.sourceOffset().get("stuck"));
        assertEquals(new FeedOffset("log-1", new Cursor(3, "id-3"), 12, "t-1"), FeedOffset.of(said.sourceOffset()));
        FeedOffset.check(FeedOffset.partition("pots"), said.sourceOffset());
        assertEquals(0, records.of(Map.of()).size());
        assertEquals(1, records.of(stuck).size());
        assertTrue(FeedOffset.isSymbolic(records().of(stuck).get(0).sourceOffset()));
    }

    /** Two connectors may read one feed: what one says of its topic must not count for the other's. */
    @Test
    void name_the_topic_that_a_heartbeat_speaks_of() {
        Records mine = records("consumer", "risk", "services", "pots", "types", "Saved@2,Closed");
        SourceRecord beat = mine.of(List.of(chunk(40))).get(0);
        String text = new String((byte[]) beat.value(), StandardCharsets.UTF_8);
        assertTrue(text.startsWith("{\"topic\":\"headwater.pots.for.risk\",\"topicId\":\"t-1\",\"service\":\"pots\",\"feed\":\"published\",\"types\":[\"Saved\",\"Closed\"],"), text);
        assertEquals("headwater.pots.for.risk", new String((byte[]) beat.key(), StandardCharsets.UTF_8));
        SourceRecord shared = records().of(List.of(chunk(40))).get(0);
        assertTrue(new String((byte[]) shared.value(), StandardCharsets.UTF_8).startsWith("{\"topic\":\"headwater.pots\",\"topicId\":\"t-1\",\"service\":\"pots\",\"feed\":\"published\",\"log\""));
    }

    @Test
    void go_to_a_topic_per_category_where_the_pattern_says_so() {
        Chunk chunk = chunk(new Lineage("log-1", Map.of()), "pots.pot", Long.MAX_VALUE, 1, event(1, "k", "{}"));
        List<SourceRecord> records = records("topic", "{service}.{category}").of(List.of(chunk));
        assertEquals("pots.pot", records.get(0).topic());
        assertTrue(new String((byte[]) records.get(1).value(), StandardCharsets.UTF_8).startsWith("{\"topic\":\"pots.{category}\",\"service\""));
    }

    @Test
    void put_aside_what_is_unusable_and_keep_the_order() {
        List<SourceRecord> records = records().of(List.of(chunk(3,
                event(1, "k", "{}"), new Unusable("no id", "{\"a\":1}".getBytes(StandardCharsets.UTF_8)), new Unusable("no type", new byte[2000]))));
        assertEquals(List.of("headwater.pots", "headwater.quarantine", "headwater.quarantine", "headwater.heartbeats"), records.stream().map(SourceRecord::topic).toList());
        assertEquals(1L, records.get(1).sourceOffset().get("position"));
        assertEquals("no id", records.get(1).headers().lastWithName("reason").value());
        assertEquals("1.id-1", records.get(1).headers().lastWithName("after").value());
        assertEquals(0, ((byte[]) records.get(2).value()).length);
        assertEquals(3L, records.get(3).sourceOffset().get("position"));
    }
}
