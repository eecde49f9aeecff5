package dev.headwater.reader;

/** A feed could not be read. What kind says whether asking again can help. */
public abstract sealed class FeedFailure extends RuntimeException
        permits FeedBroken, FeedRefused, FeedForked, FeedUnavailable {
    private static final long serialVersionUID = 1;

    FeedFailure(String message, Throwable cause) {
        super(message, cause);
    }
}
