package dev.headwater.reader;

/** Refused for a reason that asking again does not mend: no right, a wrong request, an address not allowed. */
public final class FeedRefused extends FeedFailure {
    private static final long serialVersionUID = 1;
    private final int status;
    private final String code;

    public FeedRefused(int status, String message) {
        this(status, "", message);
    }

    FeedRefused(int status, String code, String message) {
        super(message, null);
        this.status = status;
        this.code = code;
    }

    /** {@code HW_…} of the problem document; empty without one. */
    public String code() {
        return code;
    }

    /** HTTP status; 0 when nothing was sent. */
    public int status() {
        return status;
    }
}
