package dev.headwater.reader;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A token in a file that others renew (Kubernetes, an agent): read anew for each request, never kept. */
public final class BearerFile implements Credentials {
    private final Path file;
    private String last;

    public BearerFile(Path file) {
        this.file = file;
    }

    @Override
    public synchronized String authorization() {
        last = read();
        return "Bearer " + last;
    }

    @Override
    public synchronized boolean refused() {
        return !read().equals(last);
    }

    private String read() {
        try {
            return Files.readString(file).strip();
        } catch (IOException unreadable) {
            throw new FeedRefused(0, "The token file " + file + " cannot be read: " + unreadable.getMessage());
        }
    }
}
