package dev.headwater.reader;

import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Where requests may go, and credentials with them: the host and port of the entry URL, and what the operator listed. Nothing else,
 * private address or public, whatever a link or a redirect says.
 */
public final class HostRule {
    private final List<String> allowed = new ArrayList<>();

    /** @param allowed {@code host} (any port), {@code host:port} or {@code *.domain} (any port) */
    public HostRule(URI entry, List<String> allowed) {
        this.allowed.add(authority(entry));
        for (String one : allowed) this.allowed.add(one.strip().toLowerCase(Locale.ROOT));
    }

    /** @throws FeedRefused when a request to it is not allowed */
    public void check(URI uri) {
        boolean http = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
        if (!http || uri.getHost() == null || uri.getUserInfo() != null)
            throw new FeedRefused(0, "Expected an http or https address without user, got " + Text.cut(uri.toString()));
        String host = uri.getHost().toLowerCase(Locale.ROOT);
        for (String one : allowed) {
            boolean domain = one.startsWith("*.") && host.endsWith(one.substring(1));
            if (domain || one.equals(host) || one.equals(authority(uri))) return;
        }
        throw new FeedRefused(
                0,
                "A link or redirect leads to " + authority(uri) + ", which is not the entry's host. If that is right, add it to allowed.hosts.");
    }

    private static String authority(URI uri) {
        int port = uri.getPort() >= 0 ? uri.getPort() : "https".equals(uri.getScheme()) ? 443 : 80;
        return String.valueOf(uri.getHost()).toLowerCase(Locale.ROOT) + ":" + port;
    }
}
