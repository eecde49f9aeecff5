package dev.headwater.reader;

import java.util.Map;
import java.util.Optional;

/**
 * The names a log has had.
 *
 * @param log the present one
 * @param shared each former one → the last event both have
 */
public record Lineage(String log, Map<String, Cursor> shared) {
    /** Where a reader of a lineage goes on; empty when it shares nothing. */
    public Optional<Cursor> goOnFrom(String former) {
        return Optional.ofNullable(shared.get(former));
    }
}
