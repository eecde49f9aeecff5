package dev.headwater.reader;

/** Foreign text, shown in a message: bounded, on one line. */
final class Text {
    private static final int SHOWN = 300;

    private Text() {}

    static String cut(String text) {
        String line = text.replaceAll("\\p{Cntrl}+", " ").strip();
        return line.length() <= SHOWN ? line : line.substring(0, SHOWN) + "…";
    }
}
