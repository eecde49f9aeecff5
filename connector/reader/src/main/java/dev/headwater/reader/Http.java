package dev.headwater.reader;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.zip.GZIPInputStream;

/** GET, with credentials, to allowed hosts only; redirects are followed by hand, each checked. Bounded in every wait. */
public final class Http implements AutoCloseable {
    private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);
    private static final int MOST_REDIRECTS = 5;
    private static final Set<Integer> LATER = Set.of(408, 425, 429);
    private static final int MOST_PROBLEM_BYTES = 64 * 1024;

    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(5))
            .followRedirects(HttpClient.Redirect.NEVER)
            .build();
    private final ScheduledExecutorService clock;
    private final HostRule hosts;
    private final Credentials credentials;
    private final Traffic traffic;
    private final Duration patience;
    private final boolean gzip;
    private volatile CompletableFuture<?> pending;
    private volatile boolean closed;

    /**
     * @param patience longest wait for headers (beyond what was asked for) and for each part of a body
     * @param gzip worth it over a network, not on one machine
     */
    public Http(HostRule hosts, Credentials credentials, Duration patience, boolean gzip, Traffic traffic) {
        this.hosts = hosts;
        this.credentials = credentials;
        this.patience = patience;
        this.gzip = gzip;
        this.traffic = traffic;
        ScheduledThreadPoolExecutor watch = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "headwater-http-watch");
            thread.setDaemon(true);
            return thread;
        });
        watch.setRemoveOnCancelPolicy(true);
        clock = watch;
    }

    /**
     * @param wait how long the server was asked to wait for events
     * @return a success; its body must be closed
     * @throws FeedFailure for everything else
     */
    Answer get(URI uri, String accept, Duration wait) {
        Answer answer = follow(uri, accept, wait);
        if (answer.status() == 401 && credentials.refused()) {
            answer.close();
            answer = follow(uri, accept, wait);
        }
        if (answer.status() == 200) return answer;
        try (Answer refused = answer) {
            throw failure(refused);
        }
    }

    private Answer follow(URI uri, String accept, Duration wait) {
        URI at = uri;
        for (int redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
            hosts.check(at);
            Answer answer = send(at, accept, wait);
            String location = answer.header("Location");
            if (!REDIRECTS.contains(answer.status()) || location.isEmpty()) return answer;
            answer.close();
            at = resolve(at, location);
        }
        throw new FeedBroken(uri + " redirects more than " + MOST_REDIRECTS + " times.");
    }

    static URI resolve(URI base, String reference) {
        try {
            return base.resolve(reference);
        } catch (IllegalArgumentException malformed) {
            throw new FeedBroken("Expected a URI reference, got " + Text.cut(reference), malformed);
        }
    }

    private Answer send(URI uri, String accept, Duration wait) {
        Duration longest = patience.plus(wait);
        HttpRequest.Builder request = HttpRequest.newBuilder(uri)
                .header("Accept", accept)
                .header("Accept-Encoding", gzip ? "gzip" : "identity")
                .header("User-Agent", "headwater-connector");
        String authorization = credentials.authorization();
        if (authorization != null) request.header("Authorization", authorization);
        HttpResponse<InputStream> response = await(uri, request.build(), longest);
        traffic.answered(response.statusCode());
        InputStream body = new WatchedBody(response.body(), longest.toMillis(), clock, traffic);
        try {
            boolean zipped = response.headers().firstValue("Content-Encoding").orElse("").equalsIgnoreCase("gzip");
            if (zipped) body = new GZIPInputStream(body, 32 * 1024);
        } catch (IOException notGzip) {
            throw new FeedUnavailable("The answer of " + uri + " broke off: " + notGzip.getMessage(), notGzip);
        }
        return new Answer(uri, response.statusCode(), response.headers(), body);
    }

    private HttpResponse<InputStream> await(URI uri, HttpRequest request, Duration longest) {
        CompletableFuture<HttpResponse<InputStream>> sent =
                client.sendAsync(request, HttpResponse.BodyHandlers.ofInputStream());
        pending = sent;
        try {
            if (closed) throw new CancellationException();
            return sent.get(longest.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException | CancellationException noAnswer) {
            sent.cancel(true);
            traffic.answered(0);
            Throwable cause = noAnswer.getCause() == null ? noAnswer : noAnswer.getCause();
            String why = noAnswer instanceof TimeoutException ? "nothing within " + longest.toSeconds() + " s" : cause.toString();
            throw new FeedUnavailable("No answer from " + uri + ": " + why, cause);
        } catch (InterruptedException stopped) {
            sent.cancel(true);
            Thread.currentThread().interrupt();
            throw new FeedUnavailable("Stopped while waiting for " + uri, stopped);
        } finally {
            pending = null;
        }
    }

    private static FeedFailure failure(Answer answer) {
        byte[] body;
        try {
            body = answer.bytes(MOST_PROBLEM_BYTES);
        } catch (FeedFailure unreadable) {
            body = new byte[0];
        }
        int status = answer.status();
        String said = Problem.describe(answer.uri(), status, body);
        if (status >= 500 || LATER.contains(status)) return new FeedUnavailable(said, Problem.retryAfter(answer.header("Retry-After")));
        if (status == 409) return Problem.fork(said, body);
        if (status < 400) return new FeedBroken(said);
        return new FeedRefused(status, Problem.code(body), said);
    }

    /** Wakes whoever waits for an answer; nothing is asked any more. */
    @Override
    public void close() {
        closed = true;
        CompletableFuture<?> waiting = pending;
        if (waiting != null) waiting.cancel(true);
        clock.shutdownNow();
    }
}
