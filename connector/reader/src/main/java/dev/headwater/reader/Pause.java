package dev.headwater.reader;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Sleep that {@link #stop} ends at once, for good. */
public final class Pause {
    private final CountDownLatch stopped = new CountDownLatch(1);

    /** @return false when stopped */
    public boolean sleep(Duration time) throws InterruptedException {
        return !stopped.await(time.toMillis(), TimeUnit.MILLISECONDS);
    }

    public boolean isStopped() {
        return stopped.getCount() == 0;
    }

    public void stop() {
        stopped.countDown();
    }
}
