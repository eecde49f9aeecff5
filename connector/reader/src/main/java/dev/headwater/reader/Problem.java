package dev.headwater.reader;

import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.Map;

/** Refusals as RFC 9457 problem documents; anything else is shown as far as it can be. */
final class Problem {
    private static final Duration MOST = Duration.ofMinutes(10);

    private Problem() {}

    /** Its code; empty when it is no problem document. */
    static String code(byte[] body) {
        try {
            String code = Json.textAt(Json.object(body), "code");
            return code == null ? "" : code;
        } catch (FeedBroken notAProblem) {
            return "";
        }
    }

    static String describe(URI uri, int status, byte[] body) {
        String said = "";
        try {
            Map<?, ?> problem = Json.object(body);
            String code = Json.textAt(problem, "code");
            String detail = Json.textAt(problem, "detail");
            said = (code == null ? "" : " " + code) + (detail == null ? "" : ": " + detail);
        } catch (FeedBroken notAProblem) {
            // a proxy's page: the status says enough
        }
        return uri + " answered " + status + (said.isEmpty() ? "" : " " + Text.cut(said));
    }

    /** Seconds or an HTTP date; bounded. */
    static Duration retryAfter(String header) {
        Duration wait = Duration.ZERO;
        try {
            wait = header.matches("\\d{1,9}")
                    ? Duration.ofSeconds(Long.parseLong(header))
                    : Duration.between(Instant.now(), DateTimeFormatter.RFC_1123_DATE_TIME.parse(header, Instant::from));
        } catch (DateTimeParseException nothingSaid) {
            return wait;
        }
        return wait.isNegative() ? Duration.ZERO : wait.compareTo(MOST) > 0 ? MOST : wait;
    }

    static FeedFailure fork(String said, byte[] body) {
        Map<?, ?> problem;
        try {
            problem = Json.object(body);
        } catch (FeedBroken notAProblem) {
            return new FeedRefused(409, said);
        }
        String log = Json.textAt(problem, "log");
        if (log == null) return new FeedRefused(409, said);
        Map<String, Cursor> shared = new LinkedHashMap<>();
        for (Object one : Json.listAt(problem, "lineage")) {
            String ancestor = Json.textAt(one, "log");
            String cursor = Json.textAt(one, "cursor");
            if (ancestor != null && cursor != null) shared.put(ancestor, Cursor.parse(cursor));
        }
        return new FeedForked(said, new Lineage(log, shared));
    }
}
