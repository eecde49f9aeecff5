package dev.headwater.reader;

/** An answer that is not what the format says: worth a few more tries (a proxy's page), then permanent. */
public final class FeedBroken extends FeedFailure {
    private static final long serialVersionUID = 1;

    public FeedBroken(String message) {
        super(message, null);
    }

    public FeedBroken(String message, Throwable cause) {
        super(message, cause);
    }
}
