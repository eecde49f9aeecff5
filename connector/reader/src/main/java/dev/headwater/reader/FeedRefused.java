package dev.headwater.reader;

/** Refused for a reason that asking again does not mend: no right, a wrong request, an address not allowed. */
public final class FeedRefused extends FeedFailure {
    private static final long serialVersionUID = 1;
    private final int status;

    public FeedRefused(int status, String message) {
        super(message, null);
        this.status = status;
    }

    /** HTTP status; 0 when nothing was sent. */
    public int status() {
        return status;
    }
}
