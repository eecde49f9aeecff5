package dev.headwater.reader;

/** Who the reader is. */
public interface Credentials {
    Credentials NONE = new Credentials() {
        @Override
        public String authorization() {
            return null;
        }

        @Override
        public boolean refused() {
            return false;
        }
    };

    /** Value of the Authorization header, or null. */
    String authorization();

    /** Told that the last one was refused (401). @return true when it is worth trying once more with a new one */
    boolean refused();
}
