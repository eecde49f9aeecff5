package dev.headwater.reader;

import java.time.Duration;

/** No answer, or one that says "later": ask again. */
public final class FeedUnavailable extends FeedFailure {
    private static final long serialVersionUID = 1;
    private final Duration retryAfter;

    public FeedUnavailable(String message, Throwable cause) {
        super(message, cause);
        retryAfter = Duration.ZERO;
    }

    public FeedUnavailable(String message, Duration retryAfter) {
        super(message, null);
        this.retryAfter = retryAfter;
    }

    /** How long the server asked to be left alone; zero when it said nothing. */
    public Duration retryAfter() {
        return retryAfter;
    }
}
