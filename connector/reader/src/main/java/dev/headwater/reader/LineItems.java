package dev.headwater.reader;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/** The NDJSON face: one item a line, handed on while the answer is still being received. */
final class LineItems implements Items {
    private final InputStream in;
    private final int maxLine;
    private final byte[] buffer = new byte[64 * 1024];
    private int start;
    private int end;

    /** @param maxLine bytes of the longest line read; a longer one breaks the feed */
    LineItems(InputStream in, int maxLine) {
        this.in = in;
        this.maxLine = maxLine;
    }

    @Override
    public Item next() {
        try {
            byte[] line = line();
            return line == null ? null : EventParser.parseLine(line);
        } catch (IOException brokenOff) {
            throw new FeedUnavailable("The answer broke off: " + brokenOff.getMessage(), brokenOff);
        }
    }

    private byte[] line() throws IOException {
        ByteArrayOutputStream begun = null;
        for (;;) {
            for (int i = start; i < end; i++) {
                if (buffer[i] != '\n') continue;
                byte[] rest = Arrays.copyOfRange(buffer, start, i);
                start = i + 1;
                byte[] line = begun == null ? rest : joined(begun, rest);
                if (line.length > 0) return line;
                begun = null;
            }
            if (start < end) {
                if (begun == null) begun = new ByteArrayOutputStream();
                begun.write(buffer, start, end - start);
                if (begun.size() > maxLine) throw new FeedBroken("A line is longer than " + maxLine + " bytes.");
            }
            start = 0;
            end = in.read(buffer);
            if (end < 0) {
                end = 0;
                // A last line without its end may be half an event that happens to be JSON: it does not count.
                if (begun != null) throw new IOException("the last line has no end");
                return null;
            }
        }
    }

    private static byte[] joined(ByteArrayOutputStream begun, byte[] rest) {
        begun.write(rest, 0, rest.length);
        return begun.toByteArray();
    }

    @Override
    public void close() {
        try {
            in.close();
        } catch (IOException gone) {
            // nothing is left to read
        }
    }
}
