package dev.headwater.connect;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.headwater.reader.LittleFeed;
import dev.headwater.reader.Place;
import java.net.URI;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.config.Config;
import org.apache.kafka.connect.errors.ConnectException;
import org.junit.jupiter.api.Test;

class ShareTest {
    private static Place place(int n) {
        return new Place("service-" + n, URI.create("http://bank/service-" + n + "/"));
    }

    @Test
    void gives_every_feed_to_exactly_one_task() {
        List<Place> places = new ArrayList<>();
        for (int n = 0; n < 10; n++) places.add(place(n));
        for (int most = 1; most <= 12; most++) {
            List<Map<String, String>> configs = Share.split(Map.of("a", "b"), places, most, 3);
            assertEquals(Math.min(most, 10), configs.size());
            List<Place> read = new ArrayList<>();
            for (Map<String, String> config : configs) {
                assertEquals("b", config.get("a"));
                read.addAll(Share.read(config));
            }
            read.sort(java.util.Comparator.comparing(Place::service));
            assertEquals(places, read);
        }
        assertEquals(List.of(), Share.split(Map.of(), List.of(), 4, 0));
    }

    @Test
    void takes_offsets_it_understands_and_no_others() {
        Map<String, ?> pots = FeedOffset.partition("pots");
        for (Map<String, ?> fine : List.<Map<String, ?>>of(
                Map.of("position", "beginning"), Map.of("time", "2026-01-01T00:00:00Z"), Map.of("event", "abc"),
                Map.of("position", 0), Map.of("log", "l", "position", 7, "id", "abc"),
                new FeedOffset("l", new dev.headwater.reader.Cursor(7, "abc"), 12, "id").toMap(1))) assertDoesNotThrow(() -> FeedOffset.check(pots, fine));
        FeedOffset.check(pots, null);
        for (Map<String, ?> wrong : List.<Map<String, ?>>of(Map.of(), Map.of("position", 7), Map.of("position", "end"), Map.of("event", 1), Map.of("position", -1, "id", "a")))
            assertThrows(ConnectException.class, () -> FeedOffset.check(pots, wrong), wrong.toString());
        assertThrows(ConnectException.class, () -> FeedOffset.check(Map.of("service", "pots"), null));
    }

    @Test
    void validation_dials_the_entry_and_says_what_it_heard() {
        try (LittleFeed feed = new LittleFeed()) {
            feed.always(LittleFeed.status(403, "{\"code\":\"HW_FORBIDDEN\",\"detail\":\"scope events:read is missing\"}"));
            Map<String, String> given = new HashMap<>(Map.of("entry.url", feed.entry().toString(), "kafka.bootstrap.servers", "127.0.0.1:1", "patience.ms", "500", "kafka.default.api.timeout.ms", "300", "kafka.request.timeout.ms", "200"));
            assertTrue(errors(given, "entry.url").toString().contains("scope events:read is missing"));
            assertEquals(1, errors(given, "kafka.bootstrap.servers").size());
            feed.always(null);
            assertEquals(List.of(), errors(given, "entry.url"));
            given.put("topic", "all");
            assertTrue(errors(given, "topic").toString().contains("{service}"));
            given.put("topic", "shared.{service}");
            given.put("consumer", "risk");
            assertTrue(errors(given, "topic").toString().contains("{consumer}"));
            given.remove("topic");
            assertTrue(errors(given, "types").toString().contains("experimental for risk"));
            given.putAll(Map.of("services", "pots", "types", "Saved"));
            assertEquals(List.of(), errors(given, "types"));
            given.put("errors.tolerance", "all");
            assertTrue(errors(given, "errors.tolerance").toString().contains("passes over an event that it cannot write"));
            given.put("consumer", "no body");
            assertEquals(1, errors(given, "consumer").size());
        }
        assertTrue(errors(Map.of("entry.url", "pots"), "entry.url").toString().contains("http"));
        assertTrue(errors(Map.of(), "kafka.bootstrap.servers").toString().contains("Missing required configuration"));
    }

    private static List<String> errors(Map<String, String> given, String name) {
        Config config = new FeedConnector().validate(given);
        return config.configValues().stream().filter(value -> value.name().equals(name)).findFirst().orElseThrow().errorMessages();
    }
}
