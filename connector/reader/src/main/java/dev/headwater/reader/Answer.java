package dev.headwater.reader;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpHeaders;

/** An answer whose body is still to be read. */
record Answer(URI uri, int status, HttpHeaders headers, InputStream body) implements AutoCloseable {
    String header(String name) {
        return headers.firstValue(name).orElse("");
    }

    /** Without parameters. */
    String mediaType() {
        return header("Content-Type").split(";", 2)[0].strip().toLowerCase(java.util.Locale.ROOT);
    }

    byte[] bytes(int most) {
        try (InputStream in = body) {
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            byte[] buffer = new byte[16 * 1024];
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                all.write(buffer, 0, read);
                if (all.size() > most) throw new FeedBroken(uri + " answered with more than " + most + " bytes.");
            }
            return all.toByteArray();
        } catch (IOException brokenOff) {
            throw new FeedUnavailable("The answer of " + uri + " broke off: " + brokenOff.getMessage(), brokenOff);
        }
    }

    @Override
    public void close() {
        try {
            body.close();
        } catch (IOException gone) {
            // nothing is left to read
        }
    }
}
