package dev.headwater.reader;

import java.io.Closeable;

/** The items of one answer; ends with null after a complete answer, with {@link FeedUnavailable} when it breaks off. */
public interface Items extends Closeable {
    Item next();

    @Override
    void close();
}
