package dev.headwater.reader;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** A landscape with one service whose feed is a list, for tests: serves lines or pages, and misbehaves on demand. */
public final class LittleFeed implements AutoCloseable {
    public static final String LOG = "6f1c0000-0000-7000-8000-000000000001";

    /** What happens instead of an answer of the feed. */
    public interface Trouble {
        void happen(HttpExchange exchange) throws IOException;
    }

    private final HttpServer server;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final CountDownLatch closing = new CountDownLatch(1);
    private final List<String> services = new CopyOnWriteArrayList<>(List.of("pots"));
    private final List<String> shown = new ArrayList<>();
    private final List<Long> positions = new ArrayList<>();
    private final List<String> ids = new ArrayList<>();
    private final List<Trouble> troubles = new ArrayList<>();
    private final List<String> asked = new CopyOnWriteArrayList<>();
    /** Former name of the log → the last event it shares with the present one. */
    private final Map<String, Cursor> former = new LinkedHashMap<>();
    private long last;
    private Trouble lasting;
    public volatile boolean lines = true;
    public volatile int limit = 1000;
    public volatile String log = LOG;

    public LittleFeed() {
        try {
            server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        } catch (IOException noPort) {
            throw new UncheckedIOException(noPort);
        }
        server.setExecutor(threads);
        server.createContext("/", this::handle);
        server.start();
    }

    public URI entry() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/");
    }

    /** Paths and queries asked for, in order. */
    public List<String> asked() {
        return asked;
    }

    public void removeService(String name) {
        services.remove(name);
    }

    public void addService(String name) {
        services.add(name);
    }

    /** Shows an event of stream {@code pot-1}. */
    public long show(String data) {
        return show("pot-1", data);
    }

    public synchronized long show(String stream, String data) {
        long position = last + 1;
        String id = "id." + position;
        long previous = positions.isEmpty() ? 0 : positions.get(positions.size() - 1);
        return showRaw(
                "{\"specversion\":\"1.0\",\"id\":\"%s\",\"source\":\"/pots\",\"type\":\"Saved\",\"subject\":\"%s\",\"time\":\"2026-01-02T03:04:05.678Z\",\"datacontenttype\":\"application/json\",\"position\":%d,\"previousposition\":%d,\"streamversion\":1,\"schemaversion\":1,\"recordedtime\":\"2026-01-02T03:04:05.678901Z\",\"correlationid\":\"c\",\"causationid\":\"c\",\"traceparent\":\"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\",\"data\":%s}"
                        .formatted(id, stream, position, previous, data));
    }

    /** Shows these bytes as the next event. */
    public synchronized long showRaw(String json) {
        last++;
        shown.add(json);
        positions.add(last);
        ids.add("id." + last);
        notifyAll();
        return last;
    }

    /** The n-th event shown, from 0. */
    public synchronized String event(int n) {
        return shown.get(n);
    }

    /** Writes the n-th event and the first bytes of the next. */
    void showOn(HttpExchange exchange, int n, int more) throws IOException {
        String text = event(n) + "\n" + event(n + 1).substring(0, more);
        exchange.getResponseBody().write(text.getBytes(StandardCharsets.UTF_8));
        exchange.getResponseBody().flush();
    }

    /** Positions pass that this reader is not shown. */
    public synchronized void hide(int count) {
        last += count;
        notifyAll();
    }

    /** The log goes on under another name behind a position, as after the restore of a backup; all its events must be shown. */
    public synchronized void fork(String name, int at) {
        former.replaceAll((log, shared) -> shared.position() > at ? new Cursor(at, idAt(at)) : shared);
        former.put(log, new Cursor(at, idAt(at)));
        log = name;
        for (List<?> list : List.of(shown, positions, ids)) list.subList(at, list.size()).clear();
        last = at;
    }

    /** The next request of the feed gets this. */
    public synchronized void once(Trouble trouble) {
        troubles.add(trouble);
    }

    /** All requests of the feed get this; null mends it. */
    public synchronized void always(Trouble trouble) {
        lasting = trouble;
    }

    public static Trouble status(int status, String body) {
        return exchange -> send(exchange, status, "application/problem+json", body);
    }

    public static Trouble garbage(String type, String body) {
        return exchange -> send(exchange, 200, type, body);
    }

    public static Trouble redirect(String location) {
        return exchange -> {
            exchange.getResponseHeaders().set("Location", location);
            exchange.sendResponseHeaders(307, -1);
        };
    }

    public Trouble hang() {
        return exchange -> {
            try {
                closing.await();
            } catch (InterruptedException ended) {
                Thread.currentThread().interrupt();
            }
        };
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            String path = exchange.getRequestURI().getPath();
            asked.add(exchange.getRequestURI().toString());
            if (path.equals("/")) {
                List<String> links = new ArrayList<>();
                for (String name : services) links.add("{\"name\":\"" + name + "\",\"href\":\"/" + name + "/\"}");
                send(exchange, 200, "application/hal+json", "{\"_links\":{\"service\":[" + String.join(",", links) + "]}}");
            } else if (path.endsWith("/events")) {
                feed(exchange);
            } else {
                send(exchange, 200, "application/hal+json", "{\"_links\":{\"events\":{\"href\":\"events\"}}}");
            }
        }
    }

    private void feed(HttpExchange exchange) throws IOException {
        Trouble trouble;
        synchronized (this) {
            trouble = lasting != null || troubles.isEmpty() ? lasting : troubles.remove(0);
        }
        if (trouble != null) trouble.happen(exchange);
        else answer(exchange, query(exchange.getRequestURI()));
    }

    private void answer(HttpExchange exchange, Map<String, String> query) throws IOException {
        Answer answer;
        synchronized (this) {
            Cursor after = Cursor.parse(query.getOrDefault("after", "0").replace("start", "0").replace("end", cursor(last)));
            if (after.position() > last || !idAt(after.position()).equals(after.id())) {
                StringBuilder lineage = new StringBuilder("{\"log\":\"" + log + "\"}");
                former.forEach((name, shared) -> lineage.append(",{\"log\":\"%s\",\"cursor\":\"%s\"}".formatted(name, shared)));
                String body = "{\"status\":409,\"code\":\"%s\",\"detail\":\"not this log\",\"log\":\"%s\",\"last\":%d,\"lineage\":[%s]}";
                send(exchange, 409, "application/problem+json", body.formatted(former.isEmpty() ? "HW_LOG_DIVERGED" : "HW_LOG_FORKED", log, last, lineage));
                return;
            }
            int wait = Integer.parseInt(query.getOrDefault("wait", "0"));
            waitFor(after.position(), wait);
            // All its events were recorded at one time, so that `since` lies before or behind all of them.
            boolean later = query.getOrDefault("since", "").compareTo("2026-01-02T03:04:05.678901Z") > 0;
            int most = Math.min(limit, Integer.parseInt(query.getOrDefault("limit", "5000")));
            answer = collect(later ? last : after.position(), most);
        }
        if (query.containsKey("lastEventId")) {
            exchange.getResponseHeaders().set("Headwater-Cursor", cursor(ids.indexOf(query.get("lastEventId")) < 0 ? 0 : positions.get(ids.indexOf(query.get("lastEventId")))));
            send(exchange, 200, "application/cloudevents-batch+json", "[]");
        } else if (lines) {
            StringBuilder body = new StringBuilder();
            for (String event : answer.events) body.append(event).append('\n');
            send(exchange, 200, "application/x-ndjson", body.append("{\"range\":").append(answer.range("")).append("}\n").toString());
        } else {
            send(exchange, 200, "application/hal+json; charset=utf-8", answer.range(",\"events\":[\n" + String.join(",\n", answer.events) + "\n],\"service\":\"pots\""));
        }
    }

    private void waitFor(long after, int seconds) {
        long until = System.nanoTime() + seconds * 1_000_000_000L;
        try {
            while (last <= after && closing.getCount() > 0) {
                long ms = (until - System.nanoTime()) / 1_000_000;
                if (ms <= 0) return;
                wait(ms);
            }
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
        }
    }

    private Answer collect(long after, int most) {
        List<String> events = new ArrayList<>();
        long to = last;
        for (int i = 0; i < shown.size(); i++) {
            if (positions.get(i) <= after) continue;
            if (events.size() == most) {
                to = most == 0 ? after : positions.get(i - 1);
                break;
            }
            events.add(shown.get(i));
        }
        return new Answer(log, after + 1, to, events, cursor(to), to == last);
    }

    private String cursor(long position) {
        return position == 0 ? "0" : position + "." + idAt(position);
    }

    private String idAt(long position) {
        return position == 0 ? "" : "id." + position;
    }

    private record Answer(String log, long from, long to, List<String> events, String cursor, boolean atEnd) {
        String range(String more) {
            return "{\"log\":\"%s\",\"from\":%d,\"to\":%d,\"count\":%d,\"cursor\":\"%s\",\"atEnd\":%s%s}"
                    .formatted(log, from, to, events.size(), cursor, atEnd, more);
        }
    }

    private static Map<String, String> query(URI uri) {
        Map<String, String> query = new HashMap<>();
        for (String pair : String.valueOf(uri.getQuery()).split("&")) {
            String[] parts = pair.split("=", 2);
            query.put(parts[0], parts.length == 2 ? parts[1] : "");
        }
        return query;
    }

    private static void send(HttpExchange exchange, int status, String type, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", type);
        exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(bytes);
        }
    }

    @Override
    public void close() {
        closing.countDown();
        synchronized (this) {
            notifyAll();
        }
        server.stop(0);
        threads.shutdownNow();
    }
}
