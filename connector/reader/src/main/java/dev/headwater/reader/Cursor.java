package dev.headwater.reader;

/** A place in a log: a position and the id of the event there. Position 0 has no event. */
public record Cursor(long position, String id) {
    public static final Cursor START = new Cursor(0, "");

    /** Reads {@code <position>.<event id>}; ids may hold dots. */
    public static Cursor parse(String text) {
        int dot = text.indexOf('.');
        String position = dot < 0 ? text : text.substring(0, dot);
        try {
            Cursor cursor = new Cursor(Long.parseLong(position), dot < 0 ? "" : text.substring(dot + 1));
            if (cursor.position >= 0 && (cursor.position == 0) == cursor.id.isEmpty()) return cursor;
        } catch (NumberFormatException notANumber) {
            // said below
        }
        throw new FeedBroken("Expected a cursor <position>.<event id>, got: " + Text.cut(text));
    }

    @Override
    public String toString() {
        return position == 0 ? "0" : position + "." + id;
    }
}
