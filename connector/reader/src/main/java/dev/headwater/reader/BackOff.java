package dev.headwater.reader;

import java.time.Duration;
import java.util.random.RandomGenerator;

/** How long to wait after the n-th failure in a row: doubling from 200 ms to 30 s, half of it jitter. */
public final class BackOff {
    private static final long FIRST_MS = 200;
    private static final long MOST_MS = 30_000;
    private final RandomGenerator random;
    private int failures;

    public BackOff(RandomGenerator random) {
        this.random = random;
    }

    public int failures() {
        return failures;
    }

    public void succeeded() {
        failures = 0;
    }

    /** @param atLeast what the server asked for */
    public Duration failed(Duration atLeast) {
        long ms = Math.min(MOST_MS, FIRST_MS << Math.min(failures++, 20));
        Duration wait = Duration.ofMillis(ms / 2 + random.nextLong(ms / 2 + 1));
        return wait.compareTo(atLeast) > 0 ? wait : atLeast.plusMillis(random.nextLong(1 + atLeast.toMillis() / 10));
    }
}
