package dev.headwater.reader;

import java.util.Map;
import java.util.Optional;

/** The log is no longer the one the cursor came from. Never go on by yourself: stop, unless the owner chose before. */
public final class FeedForked extends FeedFailure {
    private static final long serialVersionUID = 1;
    private final String log;
    private final transient Map<String, Cursor> forks;

    /** @param forks lineage of an ancestor → the last event it shares with the present one */
    public FeedForked(String message, String log, Map<String, Cursor> forks) {
        super(message, null);
        this.log = log;
        this.forks = forks;
    }

    /** The present lineage. */
    public String log() {
        return log;
    }

    /** Where a reader of {@code lineage} goes on; empty when it shares nothing. */
    public Optional<Cursor> goOnFrom(String lineage) {
        return Optional.ofNullable(forks.get(lineage));
    }
}
