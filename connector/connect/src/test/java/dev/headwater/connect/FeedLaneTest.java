package dev.headwater.connect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.headwater.reader.Cursor;
import dev.headwater.reader.Event;
import dev.headwater.reader.Lineage;
import dev.headwater.reader.LittleFeed;
import dev.headwater.reader.Place;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import org.apache.kafka.connect.errors.ConnectException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FeedLaneTest {
    private final LittleFeed feed = new LittleFeed();
    private Intake intake = new Intake(1024 * 1024, 1);
    private final List<FeedLane> lanes = new ArrayList<>();
    private final List<String> topics = new CopyOnWriteArrayList<>();
    private Function<String, Topics.Known> topicOf = topic -> {
        topics.add(topic);
        return new Topics.Known("t-1", 12, Long.MAX_VALUE, 1 << 20, 0);
    };

    @AfterEach
    void close() {
        lanes.forEach(FeedLane::stop);
        feed.close();
    }

    private FeedLane lane(Map<String, ?> kept, String... more) {
        Map<String, String> given = new HashMap<>(Map.of("entry.url", feed.entry().toString(), "kafka.bootstrap.servers", "none:1", "patience.ms", "300"));
        for (int i = 0; i < more.length; i += 2) given.put(more[i], more[i + 1]);
        FeedLane lane = new FeedLane(new Settings(given), new Place("pots", feed.entry().resolve("pots/")), kept, topicOf, intake);
        lanes.add(lane);
        lane.start();
        return lane;
    }

    private List<Long> positions(int count) throws InterruptedException {
        List<Long> positions = new ArrayList<>();
        while (positions.size() < count) {
            for (Chunk chunk : intake.take(1000, 1 << 20, 1000)) {
                chunk.items().forEach(item -> positions.add(((Event) item).position()));
            }
        }
        return positions;
    }

    /** Why the task fails; the lanes after it begin anew. */
    private ConnectException failure() {
        Intake failing = intake;
        intake = new Intake(1024 * 1024, 1);
        return assertThrows(ConnectException.class, () -> {
            for (;;) failing.take(1, 1, 1000);
        });
    }

    private static void untilEnded(FeedLane lane) throws InterruptedException {
        for (Thread thread : Thread.getAllStackTraces().keySet()) if (thread.getName().equals("headwater-feed-" + lane.service())) thread.join();
    }

    @Test
    void reads_from_the_beginning_and_goes_on_from_what_was_kept() throws Exception {
        for (int i = 0; i < 5; i++) feed.show("1");
        lane(null);
        assertEquals(List.of(1L, 2L, 3L, 4L, 5L), positions(5));
        lane(Map.of("log", LittleFeed.LOG, "position", 3L, "id", "id.3"));
        assertEquals(List.of(4L, 5L), positions(2));
    }

    @Test
    void goes_on_from_places_an_operator_names() throws Exception {
        for (int i = 0; i < 3; i++) feed.show("1");
        lane(Map.of("event", "id.2"));
        assertEquals(List.of(3L), positions(1));
        lane(Map.of("time", "2026-01-01T00:00:00Z"));
        assertEquals(List.of(1L, 2L, 3L), positions(3));
        lane(Map.of("position", "beginning"));
        assertEquals(List.of(1L, 2L, 3L), positions(3));
    }

    @Test
    void survives_a_server_that_fails_hangs_and_breaks_off_and_loses_nothing() throws Exception {
        for (int i = 0; i < 4; i++) feed.show("1");
        feed.limit = 2;
        feed.once(LittleFeed.status(500, "oops"));
        feed.once(feed.hang());
        feed.once(exchange -> {
            exchange.getResponseHeaders().set("Content-Type", "application/x-ndjson");
            exchange.sendResponseHeaders(200, 10_000);
            exchange.getResponseBody().write((feed.event(0) + "\n").getBytes(java.nio.charset.StandardCharsets.UTF_8));
        });
        feed.once(LittleFeed.garbage("text/html", "<p>Bad gateway</p>"));
        FeedLane lane = lane(null);
        assertEquals(List.of(1L, 2L, 3L, 4L), positions(4));
        while (lane.vitals.failuresInARow != 0) Thread.onSpinWait();
    }

    @Test
    void shows_within_a_moment_that_a_feed_is_down_and_that_it_is_back() throws Exception {
        feed.show("1");
        feed.always(LittleFeed.status(503, "{}"));
        FeedLane lane = lane(null);
        while (lane.vitals.failuresInARow < 2) Thread.onSpinWait();
        feed.always(null);
        assertEquals(List.of(1L), positions(1));
    }

    @Test
    void makes_a_topic_also_before_the_first_event() throws Exception {
        lane(null, "wait.seconds", "1");
        assertEquals(0, intake.take(1000, 1 << 20, 5000).get(0).items().size());
        assertEquals("headwater.pots", topics.get(0));
    }

    /** Of a whole event, valid where it was made, a consumer of the topic must get every byte or nothing more. */
    @Test
    void stops_at_an_event_that_the_topic_does_not_take_and_passes_nothing_over() throws Exception {
        feed.limit = 1;
        feed.show("1");
        feed.show("\"" + "x".repeat(1_100_000) + "\"");
        feed.show("3");
        lane(null);
        assertEquals(List.of(1L), positions(1));
        String says = failure().getMessage();
        assertTrue(says.contains("position 2") && says.contains("headwater.pots takes records of 1048576"), says);
        topicOf = topic -> new Topics.Known("t-1", 12, Long.MAX_VALUE, 2 << 20, 0);
        lane(Map.of("log", LittleFeed.LOG, "position", 1L, "id", "id.1"), "event.max.bytes", "1000000");
        assertTrue(failure().getMessage().contains("event.max.bytes is 1000000"));
        lane(Map.of("log", LittleFeed.LOG, "position", 1L, "id", "id.1"));
        assertEquals(List.of(2L, 3L), positions(2));
    }

    @Test
    void stops_where_the_partitions_of_the_topic_changed() {
        feed.show("1");
        feed.show("2");
        lane(Map.of("log", LittleFeed.LOG, "position", 1L, "id", "id.1", "partitions", 6));
        String says = failure().getMessage();
        assertTrue(says.contains("12 partitions") && says.contains("over 6"), says);
    }

    /** What was written before is not in it: nobody may take it for all of the log. */
    @Test
    void stops_where_the_topic_was_made_again_unless_part_of_history_is_enough() throws Exception {
        feed.show("1");
        feed.show("2");
        Map<String, ?> kept = Map.of("log", LittleFeed.LOG, "position", 1L, "id", "id.1", "partitions", 12, "topicId", "t-0");
        lane(kept);
        String says = failure().getMessage();
        assertTrue(says.contains("up to position 1 (its id is t-1, not t-0)") && says.contains("{\"position\":\"beginning\"}"), says);
        lane(kept, "history", "part");
        assertEquals(List.of(2L), positions(1));
        lane(FeedOffset.BEGINNING);
        assertEquals(List.of(1L, 2L), positions(2));
    }

    @Test
    void says_why_when_trying_again_does_not_help() {
        feed.always(LittleFeed.status(401, "{\"code\":\"HW_UNAUTHENTICATED\",\"detail\":\"token expired\"}"));
        lane(null);
        assertTrue(failure().getMessage().contains("401 HW_UNAUTHENTICATED: token expired"));
    }

    @Test
    void is_stuck_alone_and_goes_on_when_mended() throws Exception {
        intake = new Intake(1024 * 1024, 2);
        feed.show("1");
        FeedLane ahead = lane(Map.of("log", LittleFeed.LOG, "position", 9L, "id", "id.9"), "wait.seconds", "1");
        while (ahead.vitals.stuck == 0) Thread.onSpinWait();
        lane(null);
        assertEquals(List.of(1L), positions(1));
        assertEquals(Set.of(ahead), intake.stuck().keySet());
        assertTrue(intake.stuck().get(ahead).getMessage().startsWith("Feed of pots: "), intake.stuck().toString());
        for (int i = 2; i <= 10; i++) feed.show("1");
        while (ahead.vitals.stuck != 0) Thread.onSpinWait();
        assertTrue(intake.stuck().isEmpty());
        assertEquals(10, ahead.vitals.position);
    }

    @Test
    void fails_its_task_when_no_other_is_left() {
        intake = new Intake(1024 * 1024, 2);
        feed.always(LittleFeed.status(403, "{\"code\":\"HW_FORBIDDEN\",\"detail\":\"no\"}"));
        lane(null);
        lane(null);
        assertEquals(2, failure().getMessage().lines().filter(line -> line.contains("403 HW_FORBIDDEN")).count());
    }

    @Test
    void ends_quietly_when_what_is_for_one_consumer_ends_and_fails_for_all_others() throws Exception {
        feed.show("1");
        FeedLane risk = lane(null, "consumer", "risk", "services", "pots", "types", "Saved", "wait.seconds", "1");
        assertEquals(List.of(1L), positions(1));
        feed.always(LittleFeed.status(400, "{\"code\":\"HW_TYPE_NOT_SHOWN\",\"detail\":\"Expected a type that pots shows you\"}"));
        untilEnded(risk);
        assertTrue(intake.take(1000, 1 << 20, 0).stream().allMatch(chunk -> chunk.items().isEmpty()));
        lane(null, "types", "Saved");
        assertTrue(failure().getMessage().contains("HW_TYPE_NOT_SHOWN"));
    }

    @Test
    void takes_a_feed_that_stays_broken_for_broken() {
        feed.always(LittleFeed.garbage("application/x-ndjson", "<p>Welcome</p>\n"));
        FeedLane lane = lane(null);
        assertTrue(failure().getMessage().contains("<p>Welcome</p>"));
        assertEquals(4, lane.vitals.failuresInARow);
    }

    @Test
    void does_not_follow_a_feed_to_a_private_address() {
        feed.always(LittleFeed.redirect("http://192.168.0.1/pots/events"));
        lane(null);
        assertTrue(failure().getMessage().contains("192.168.0.1:80, which is not the entry's host"));
    }

    @Test
    void looks_a_missing_feed_up_once_more() throws Exception {
        feed.show("1");
        feed.once(LittleFeed.status(404, "{}"));
        lane(null);
        assertEquals(List.of(1L), positions(1));
        feed.always(LittleFeed.status(404, "{}"));
        lane(null);
        assertTrue(failure().getMessage().contains("404"));
    }

    @Test
    void stops_at_a_log_that_is_not_the_one_it_read_unless_told_to_go_on() throws Exception {
        for (int i = 0; i < 3; i++) feed.show("1");
        Map<String, Object> beyond = Map.of("log", "old", "position", 9L, "id", "gone");
        LittleFeed.Trouble fork = LittleFeed.status(409, "{\"code\":\"HW_LOG_FORKED\",\"detail\":\"restored\",\"log\":\"new\",\"lineage\":[{\"log\":\"old\",\"cursor\":\"2.id.2\"}]}");
        feed.once(fork);
        lane(beyond);
        String says = failure().getMessage();
        assertTrue(says.contains("restored") && says.contains("2.id.2") && says.contains("on.fork=continue"), says);
    }

    @Test
    void goes_on_behind_a_fork_when_told_to_never_from_the_beginning() throws Exception {
        for (int i = 0; i < 3; i++) feed.show("1");
        feed.once(LittleFeed.status(409, "{\"code\":\"HW_LOG_FORKED\",\"log\":\"new\",\"lineage\":[{\"log\":\"old\",\"cursor\":\"2.id.2\"}]}"));
        lane(Map.of("log", "old", "position", 9L, "id", "gone"), "on.fork", "continue");
        assertEquals(List.of(3L), positions(1));
        lane(Map.of("log", "old", "position", 9L, "id", "gone"), "on.fork", "continue");
        assertTrue(failure().getMessage().contains("HW_LOG_DIVERGED"));
    }

    /** Who stood at or before a fork is told nothing by the feed; readers of the topic may stand elsewhere. */
    @Test
    void learns_where_a_log_forked_also_when_it_may_simply_go_on() throws Exception {
        for (int i = 0; i < 3; i++) feed.show("1");
        feed.fork("new", 2);
        feed.show("2");
        lane(Map.of("log", LittleFeed.LOG, "position", 2L, "id", "id.2"));
        Chunk chunk = intake.take(1000, 1 << 20, 5000).get(0);
        assertEquals(3L, chunk.range().to());
        assertEquals(new Lineage("new", Map.of(LittleFeed.LOG, new Cursor(2, "id.2"))), chunk.lineage());
    }

    @Test
    void stops_at_once_while_waiting_or_backing_off() throws Exception {
        feed.always(exchange -> {
            exchange.getResponseHeaders().set("Retry-After", "600");
            LittleFeed.status(503, "{}").happen(exchange);
        });
        FeedLane backingOff = lane(null);
        while (backingOff.vitals.backOffSeconds == 0) Thread.onSpinWait();
        backingOff.stop();
        untilEnded(backingOff);
        feed.always(null);
        FeedLane waiting = lane(null);
        while (feed.asked().stream().noneMatch(uri -> uri.contains("wait=45"))) Thread.onSpinWait();
        waiting.stop();
        untilEnded(waiting);
        assertFalse(intake.take(1, 1, 1).stream().anyMatch(chunk -> !chunk.items().isEmpty()));
    }

    @Test
    void reads_no_further_ahead_than_there_is_room() throws Exception {
        feed.limit = 1;
        for (int i = 0; i < 20; i++) feed.show("\"" + "x".repeat(300_000) + "\"");
        FeedLane lane = lane(null);
        while (lane.vitals.position < 2) Thread.onSpinWait();
        assertTrue(lane.vitals.position <= 4, "read ahead to " + lane.vitals.position);
        assertEquals(20, positions(20).size());
    }
}
