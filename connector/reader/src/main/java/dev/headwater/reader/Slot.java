package dev.headwater.reader;

import java.nio.charset.StandardCharsets;

/** The slot of an ordering key: FNV-1a (32 bit) over its UTF-8 bytes, MurmurHash3's fmix32, low 10 bits. */
public final class Slot {
    public static final int SLOTS = 1024;

    private Slot() {}

    public static int of(String key) {
        int hash = 0x811c9dc5;
        for (byte one : key.getBytes(StandardCharsets.UTF_8)) hash = (hash ^ (one & 0xff)) * 0x01000193;
        hash = (hash ^ (hash >>> 16)) * 0x85ebca6b;
        hash = (hash ^ (hash >>> 13)) * 0xc2b2ae35;
        return (hash ^ (hash >>> 16)) & (SLOTS - 1);
    }
}
