package dev.headwater.reader;

/** Told of each answer, for metrics. */
public interface Traffic {
    Traffic UNSEEN = new Traffic() {};

    /** @param status HTTP status; 0 when there was no answer */
    default void answered(int status) {}

    /** Bytes of bodies as they came over the wire. */
    default void received(long bytes) {}
}
