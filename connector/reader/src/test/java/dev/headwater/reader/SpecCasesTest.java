package dev.headwater.reader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The cases of the format that every reader must pass, run as the connector reads: whole ranges, failures asked again. */
class SpecCasesTest {
    @TestFactory
    Stream<DynamicTest> a_reader() throws IOException {
        Map<?, ?> spec = Json.object(Files.readAllBytes(Path.of("../../spec/cases/reader.json")));
        return Json.listAt(spec, "cases").stream().map(one -> DynamicTest.dynamicTest(Json.textAt(one, "name"), () -> run(one)));
    }

    private static void run(Object one) throws IOException {
        Deque<Object> answers = new ArrayDeque<>(Json.listAt(one, "answers"));
        List<String> asked = new ArrayList<>();
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        URI feed = URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/events");
        server.createContext("/", exchange -> {
            try (exchange) {
                asked.add(exchange.getRequestURI().getQuery().replaceAll("^after=|&.*", ""));
                Object answer = answers.poll();
                if (answer == null) {
                    exchange.sendResponseHeaders(503, -1);
                    return;
                }
                byte[] body = Json.textAt(answer, "body").getBytes(StandardCharsets.UTF_8);
                exchange.getResponseHeaders().set("Content-Type", Json.textAt(answer, "type"));
                exchange.sendResponseHeaders(((Long) Json.at(answer, "status")).intValue(), body.length == 0 ? -1 : body.length);
                if (body.length > 0) exchange.getResponseBody().write(body);
            }
        });
        server.start();
        HostRule hosts = new HostRule(feed, List.of());
        try (Http http = new Http(hosts, Credentials.NONE, Duration.ofSeconds(5), false, Traffic.UNSEEN)) {
            List<Event> seen = new ArrayList<>();
            FeedFailure thrown = read(new FeedReader(http, feed, List.of(), after(one), 1, 1 << 20), answers, seen, one);
            check(one, seen, asked, thrown);
        } finally {
            server.stop(0);
        }
    }

    private static Cursor after(Object one) {
        if (!(Json.at(one, "after") instanceof Map<?, ?> after)) return Cursor.START;
        return new Cursor((Long) after.get("position"), (String) after.get("id"));
    }

    /** Reads until nothing more is answered, or until a failure that is for good. */
    private static FeedFailure read(FeedReader reader, Deque<Object> answers, List<Event> seen, Object one) {
        boolean lookedUp = false;
        boolean gap = "gap".equals(Json.textAt(one, "throws", "code"));
        while (true) {
            boolean ending = answers.isEmpty();
            try {
                for (Covered next = reader.nextRange(); next != null; next = reader.nextRange()) {
                    next.items().forEach(item -> seen.add((Event) item));
                }
            } catch (FeedUnavailable later) {
                if (ending) return null;
            } catch (FeedBroken broken) {
                if (gap && answers.isEmpty()) return broken;
            } catch (FeedRefused refused) {
                if (refused.status() != 404 || lookedUp) return refused;
                lookedUp = true;
            } catch (FeedForked forked) {
                return forked;
            }
        }
    }

    private static void check(Object one, List<Event> seen, List<String> asked, FeedFailure thrown) {
        List<?> expected = Json.listAt(one, "events");
        assertEquals(expected.size(), seen.size());
        for (int i = 0; i < expected.size(); i++) {
            Event event = seen.get(i);
            assertEquals(Json.at(expected.get(i), "position"), event.position());
            assertEquals(Json.textAt(expected.get(i), "id"), event.id());
            String json = new String(event.json(), StandardCharsets.UTF_8);
            assertEquals(Json.textAt(expected.get(i), "data"), json.substring(json.indexOf(",\"data\":") + 8, json.length() - 1));
        }
        List<?> asks = Json.listAt(one, "asked");
        // `start` and the cursor `0` are the same place.
        if (!asks.isEmpty()) assertEquals(asks.stream().map(ask -> ask.equals("start") ? "0" : ask).toList(), asked);
        String code = Json.textAt(one, "throws", "code");
        Object fork = Json.at(one, "throws", "fork");
        if (fork != null) {
            FeedForked forked = (FeedForked) thrown;
            assertEquals(Json.textAt(fork, "log"), forked.lineage().log());
            Cursor shared = forked.lineage().goOnFrom(Json.textAt(one, "after", "log")).orElseThrow();
            assertEquals(new Cursor((Long) Json.at(fork, "position"), Json.textAt(fork, "id")), shared);
        } else if ("gap".equals(code)) assertTrue(thrown instanceof FeedBroken);
        else if (code != null) assertTrue(thrown.getMessage().contains(code), String.valueOf(thrown));
    }
}
