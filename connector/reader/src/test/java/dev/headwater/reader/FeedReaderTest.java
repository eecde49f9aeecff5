package dev.headwater.reader;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(value = 20, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FeedReaderTest {
    private final LittleFeed feed = new LittleFeed();
    private final Http http = http(Duration.ofSeconds(20));

    @AfterEach
    void close() {
        http.close();
        feed.close();
    }

    private Http http(Duration patience) {
        return new Http(new HostRule(feed.entry(), List.of()), Credentials.NONE, patience, false, Traffic.UNSEEN);
    }

    private FeedReader reader(Cursor after) {
        URI at = new Discovery(http).feed(new Place("pots", feed.entry().resolve("pots/"))).orElseThrow();
        return new FeedReader(http, at, List.of(), after, 30, 1024 * 1024);
    }

    private static List<Event> eventsToEnd(FeedReader reader) {
        List<Event> events = new ArrayList<>();
        for (; ; ) {
            Item item = reader.next();
            if (item instanceof Event event) events.add(event);
            if (item instanceof Range range && range.atEnd()) return events;
        }
    }

    @Test
    void finds_the_services_of_an_entry_and_the_one_of_a_home_or_feed() {
        feed.addService("cards");
        feed.lines = false;
        Discovery discovery = new Discovery(http);
        URI home = feed.entry().resolve("pots/");
        assertEquals(List.of(new Place("pots", home), new Place("cards", feed.entry().resolve("cards/"))), discovery.services(feed.entry()));
        assertEquals(List.of(new Place("pots", home)), discovery.services(home));
        assertEquals(List.of(new Place("pots", home.resolve("events"))), discovery.services(home.resolve("events")));
        assertEquals(home.resolve("events"), discovery.feed(new Place("pots", home)).orElseThrow());
        assertEquals(home.resolve("events"), discovery.feed(new Place("pots", home.resolve("events"))).orElseThrow());
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void gives_every_event_once_in_order_over_many_answers_with_bytes_as_served(boolean lines) {
        feed.lines = lines;
        feed.limit = 3;
        List<String> odd = List.of(
                "{\"amount\":12.50}", "{\"n\":1e400}", "{\"n\":9223372036854775808}", "{\"a/b\":1,\"a\":{\"b\":2}}",
                "{\"twice\":1,\"twice\":2}", "{\"astral\":\"𝕏 \\ud835\\udd4f\"}", "{\"-0\":-0,\"e\":1E+2}", "{ \"spaced\" : [ ] }", "null", "\"text\"");
        for (String data : odd) feed.show(data);
        List<Event> events = eventsToEnd(reader(Cursor.START));
        assertEquals(odd.size(), events.size());
        for (int i = 0; i < odd.size(); i++) {
            assertEquals(i + 1, events.get(i).position());
            String json = new String(events.get(i).json(), StandardCharsets.UTF_8);
            assertTrue(json.endsWith("\"data\":" + odd.get(i) + "}") && json.startsWith("{\"specversion\""), json);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void moves_over_hidden_events_and_goes_on_behind_them(boolean lines) {
        feed.lines = lines;
        feed.show("1");
        feed.hide(4);
        FeedReader reader = reader(Cursor.START);
        assertEquals(1, eventsToEnd(reader).size());
        assertEquals(new Cursor(5, "id.5"), reader.cursor());
        feed.show("2");
        assertEquals(6, eventsToEnd(reader).get(0).position());
    }

    @Test
    void waits_at_the_end_and_answers_as_soon_as_there_is_an_event() throws Exception {
        feed.show("1");
        FeedReader reader = reader(Cursor.START);
        eventsToEnd(reader);
        assertNull(reader.next());
        CompletableFuture<Item> next = CompletableFuture.supplyAsync(reader::next);
        feed.show("2");
        assertEquals(2, assertInstanceOf(Event.class, next.get(5, TimeUnit.SECONDS)).position());
        assertTrue(feed.asked().stream().anyMatch(uri -> uri.contains("wait=30")), feed.asked().toString());
    }

    @Test
    void gets_again_what_a_broken_off_answer_had_not_given() {
        for (int i = 0; i < 5; i++) feed.show("" + i);
        feed.once(exchange -> {
            exchange.getResponseHeaders().set("Content-Type", "application/x-ndjson");
            exchange.sendResponseHeaders(200, 10_000);
            // One whole event and half of another, then the connection is gone.
            feed.showOn(exchange, 0, 60);
        });
        FeedReader reader = reader(Cursor.START);
        List<Long> seen = new ArrayList<>();
        assertEquals(1, assertInstanceOf(Event.class, reader.next()).position());
        assertThrows(FeedUnavailable.class, reader::next);
        for (Event event : eventsToEnd(reader)) seen.add(event.position());
        assertEquals(List.of(2L, 3L, 4L, 5L), seen);
    }

    @Test
    void hands_on_what_is_no_event_and_keeps_the_order() {
        feed.show("1");
        feed.showRaw("{\"specversion\":\"1.0\",\"id\":\"no position\"}");
        FeedReader reader = reader(Cursor.START);
        assertInstanceOf(Event.class, reader.next());
        assertTrue(assertInstanceOf(Unusable.class, reader.next()).reason().contains("position"));
        assertInstanceOf(Range.class, reader.next());
    }

    @ParameterizedTest
    @ValueSource(strings = {
        // a gap between ranges
        "{\"range\":{\"log\":\"l\",\"from\":2,\"to\":5,\"count\":0,\"cursor\":\"5.x\",\"atEnd\":true}}",
        // an event too few
        "{\"range\":{\"log\":\"l\",\"from\":1,\"to\":5,\"count\":1,\"cursor\":\"5.x\",\"atEnd\":true}}",
        // a cursor of another place
        "{\"range\":{\"log\":\"l\",\"from\":1,\"to\":5,\"count\":0,\"cursor\":\"4.x\",\"atEnd\":true}}",
        "{\"range\":{\"log\":\"l\"}}",
        "not json", "[]", "{\"a\":1} {\"b\":2}", "\"text\"",
    })
    void takes_no_answer_that_does_not_prove_its_range(String line) {
        feed.once(LittleFeed.garbage("application/x-ndjson", line + "\n"));
        assertThrows(FeedBroken.class, reader(Cursor.START)::next);
    }

    @Test
    void sees_an_event_that_is_missing_between_two() {
        feed.show("1");
        feed.once(exchange -> LittleFeed.garbage("application/x-ndjson", feed.event(0) + "\n"
                        + feed.event(0).replace("\"position\":1,\"previousposition\":0", "\"position\":4,\"previousposition\":3").replace("id.1", "id.4") + "\n").happen(exchange));
        FeedReader reader = reader(Cursor.START);
        reader.next();
        assertTrue(assertThrows(FeedBroken.class, reader::next).getMessage().contains("something is missing"));
    }

    @Test
    void never_takes_a_foreign_body_for_no_new_events() {
        for (LittleFeed.Trouble trouble : List.of(
                LittleFeed.garbage("text/html", "<p>Log in</p>"),
                LittleFeed.garbage("application/json", "{\"error\":\"token expired\"}"),
                LittleFeed.garbage("application/json", "[]"),
                LittleFeed.garbage("application/hal+json", "{\"events\":[]}"))) {
            feed.once(trouble);
            assertThrows(FeedBroken.class, reader(Cursor.START)::next);
        }
        feed.once(LittleFeed.garbage("application/x-ndjson", ""));
        assertThrows(FeedUnavailable.class, reader(Cursor.START)::next);
    }

    @Test
    void says_which_refusals_are_for_good() {
        FeedReader reader = reader(Cursor.START);
        for (int status : new int[] {400, 401, 403, 404, 405, 406}) {
            feed.once(LittleFeed.status(status, "{\"code\":\"HW_FORBIDDEN\",\"detail\":\"no right\"}"));
            FeedRefused refused = assertThrows(FeedRefused.class, reader::next);
            assertEquals(status, refused.status());
            assertTrue(refused.getMessage().contains("HW_FORBIDDEN: no right"), refused.getMessage());
        }
        for (int status : new int[] {429, 500, 503}) {
            feed.once(exchange -> {
                exchange.getResponseHeaders().set("Retry-After", "7");
                LittleFeed.status(status, "{}").happen(exchange);
            });
            assertEquals(Duration.ofSeconds(7), assertThrows(FeedUnavailable.class, reader::next).retryAfter());
        }
    }

    @Test
    void says_where_a_forked_log_goes_on() {
        feed.once(LittleFeed.status(409, "{\"code\":\"HW_LOG_FORKED\",\"log\":\"new\",\"last\":1180,\"lineage\":[{\"log\":\"new\",\"parent\":\"old\",\"forkedAt\":1100},{\"log\":\"old\",\"cursor\":\"1100.abc\"}]}"));
        FeedForked forked = assertThrows(FeedForked.class, reader(new Cursor(1200, "x"))::next);
        assertEquals("new", forked.lineage().log());
        assertEquals(new Cursor(1100, "abc"), forked.lineage().goOnFrom("old").orElseThrow());
        assertTrue(forked.lineage().goOnFrom("other").isEmpty());
    }

    @Test
    void tells_the_names_a_log_has_had() {
        assertEquals(new Lineage(LittleFeed.LOG, Map.of()), reader(Cursor.START).lineage());
        for (int i = 0; i < 5; i++) feed.show("1");
        assertEquals(new Lineage(LittleFeed.LOG, Map.of()), reader(Cursor.START).lineage());
        feed.fork("second", 3);
        feed.fork("third", 2);
        Cursor shared = new Cursor(2, "id.2");
        assertEquals(new Lineage("third", Map.of(LittleFeed.LOG, shared, "second", shared)), reader(Cursor.START).lineage());
    }

    @Test
    void goes_nowhere_that_nobody_allowed() {
        for (String elsewhere : List.of("http://169.254.169.254/latest/meta-data/", "http://localhost:1/", "http://10.0.0.1/", "file:///etc/passwd", "https://example.com/")) {
            feed.once(LittleFeed.redirect(elsewhere));
            FeedRefused refused = assertThrows(FeedRefused.class, reader(Cursor.START)::next, elsewhere);
            assertEquals(0, refused.status());
        }
        feed.show("1");
        feed.once(LittleFeed.redirect("/pots/events?after=0&wait=0"));
        assertEquals(1, eventsToEnd(reader(Cursor.START)).size());
        HostRule listed = new HostRule(feed.entry(), List.of("*.bank.example", "cards.internal:8443"));
        listed.check(URI.create("https://pots.bank.example/"));
        listed.check(URI.create("https://cards.internal:8443/x"));
        assertThrows(FeedRefused.class, () -> listed.check(URI.create("https://cards.internal/x")));
        assertThrows(FeedRefused.class, () -> listed.check(URI.create("https://evilbank.example/")));
    }

    @Test
    void follows_no_redirects_for_ever() {
        feed.always(LittleFeed.redirect("/pots/events"));
        assertThrows(FeedBroken.class, reader(Cursor.START)::next);
    }

    @Test
    void does_not_wait_for_ever_for_headers_or_a_body() {
        try (Http hasty = http(Duration.ofMillis(300))) {
            FeedReader reader = new FeedReader(hasty, feed.entry().resolve("pots/events"), List.of(), Cursor.START, 30, 1024);
            feed.once(feed.hang());
            assertTrue(assertThrows(FeedUnavailable.class, reader::next).getMessage().contains("No answer"));
            feed.show("1");
            feed.once(exchange -> {
                exchange.getResponseHeaders().set("Content-Type", "application/x-ndjson");
                exchange.sendResponseHeaders(200, 0);
                exchange.getResponseBody().write((feed.event(0) + "\n").getBytes(StandardCharsets.UTF_8));
                exchange.getResponseBody().flush();
                feed.hang().happen(exchange);
            });
            assertInstanceOf(Event.class, reader.next());
            assertThrows(FeedUnavailable.class, reader::next);
        }
    }

    @Test
    void wakes_from_waiting_when_closed() throws Exception {
        FeedReader reader = reader(Cursor.START);
        eventsToEnd(reader);
        reader.next();
        int before = feed.asked().size();
        CompletableFuture<Item> waiting = CompletableFuture.supplyAsync(reader::next);
        while (feed.asked().size() == before) Thread.onSpinWait();
        reader.close();
        http.close();
        assertThrows(Exception.class, () -> waiting.get(2, TimeUnit.SECONDS));
        assertFalse(waiting.isCancelled());
    }

    @Test
    void refuses_an_event_longer_than_it_may_be() {
        feed.show("\"" + "x".repeat(2 * 1024 * 1024) + "\"");
        assertTrue(assertThrows(FeedBroken.class, reader(Cursor.START)::next).getMessage().contains("longer than"));
    }

    @Test
    void reads_an_event_that_spans_many_buffers() {
        feed.show("\"" + "x".repeat(300_000) + "\"");
        feed.show("2");
        List<Event> events = eventsToEnd(reader(Cursor.START));
        assertEquals(2, events.size());
        assertArrayEquals(feed.event(0).getBytes(StandardCharsets.UTF_8), events.get(0).json());
    }

    @Test
    void reads_what_comes_compressed() {
        try (Http compressed = new Http(new HostRule(feed.entry(), List.of()), Credentials.NONE, Duration.ofSeconds(20), true, Traffic.UNSEEN)) {
            feed.show("\"" + "x".repeat(100_000) + "\"");
            feed.once(exchange -> {
                assertEquals("gzip", exchange.getRequestHeaders().getFirst("Accept-Encoding"));
                exchange.getResponseHeaders().set("Content-Type", "application/x-ndjson");
                exchange.getResponseHeaders().set("Content-Encoding", "gzip");
                exchange.sendResponseHeaders(200, 0);
                try (var out = new java.util.zip.GZIPOutputStream(exchange.getResponseBody())) {
                    out.write((feed.event(0) + "\n{\"range\":{\"log\":\"l\",\"from\":1,\"to\":1,\"count\":1,\"cursor\":\"1.id.1\",\"atEnd\":true}}\n").getBytes(StandardCharsets.UTF_8));
                }
            });
            FeedReader reader = new FeedReader(compressed, feed.entry().resolve("pots/events"), List.of(), Cursor.START, 30, 1024 * 1024);
            assertEquals(1, eventsToEnd(reader).size());
        }
    }

    @Test
    void finds_the_cursor_of_a_time_and_of_an_event() {
        feed.lines = false;
        feed.show("1");
        feed.show("2");
        assertEquals(new Cursor(2, "id.2"), reader(Cursor.START).cursorOf("id.2"));
        assertEquals(Cursor.START, reader(Cursor.START).cursorBefore("2026-01-01T00:00:00Z"));
        assertEquals(new Cursor(2, "id.2"), reader(Cursor.START).cursorBefore("2026-02-01T00:00:00Z"));
    }
}
