package dev.headwater.reader;

/** The log is no longer the one the cursor came from. Never go on by yourself: stop, unless the owner chose before. */
public final class FeedForked extends FeedFailure {
    private static final long serialVersionUID = 1;
    private final transient Lineage lineage;

    public FeedForked(String message, Lineage lineage) {
        super(message, null);
        this.lineage = lineage;
    }

    /** Of the log as it is now. */
    public Lineage lineage() {
        return lineage;
    }
}
