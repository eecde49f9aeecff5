package dev.headwater.reader;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/** A body that breaks off when nothing comes for a while: the JDK's client bounds the wait for headers only. */
final class WatchedBody extends FilterInputStream {
    private final long stallNanos;
    private final Traffic traffic;
    private final ScheduledFuture<?> watch;
    private volatile long waitingSince;
    private volatile boolean waiting;
    private volatile boolean cut;

    WatchedBody(InputStream in, long stallMs, ScheduledExecutorService clock, Traffic traffic) {
        super(in);
        this.stallNanos = TimeUnit.MILLISECONDS.toNanos(stallMs);
        this.traffic = traffic;
        long every = Math.max(20, stallMs / 8);
        this.watch = clock.scheduleWithFixedDelay(this::look, every, every, TimeUnit.MILLISECONDS);
    }

    private void look() {
        if (waiting && System.nanoTime() - waitingSince > stallNanos) close();
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        int read = read(one, 0, 1);
        return read < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
        waitingSince = System.nanoTime();
        waiting = true;
        int read = super.read(into, offset, length);
        waiting = false;
        if (read > 0) traffic.received(read);
        // Closing wakes the reader with an end that is none.
        else if (cut) throw new IOException("nothing came for too long, or reading was stopped");
        if (read < 0) watch.cancel(false);
        return read;
    }

    @Override
    public void close() {
        cut = true;
        watch.cancel(false);
        try {
            super.close();
        } catch (IOException gone) {
            // nothing is left to read
        }
    }
}
