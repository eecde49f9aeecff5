package dev.headwater.reader;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;

/** OAuth 2 client credentials (RFC 6749, 4.4), kept in memory until shortly before they expire. */
public final class ClientCredentials implements Credentials {
    private final HttpClient client = HttpClient.newBuilder()
            .connectTimeout(Duration.ofSeconds(5))
            .followRedirects(HttpClient.Redirect.NEVER)
            .build();
    private final URI tokenUrl;
    private final String id;
    private final String secret;
    private final String scope;
    private String token;
    private long renewAt;

    public ClientCredentials(URI tokenUrl, String id, String secret, String scope) {
        this.tokenUrl = tokenUrl;
        this.id = id;
        this.secret = secret;
        this.scope = scope;
    }

    @Override
    public synchronized String authorization() {
        if (token == null || System.nanoTime() - renewAt >= 0) renew();
        return "Bearer " + token;
    }

    @Override
    public synchronized boolean refused() {
        boolean hadOne = token != null;
        token = null;
        return hadOne;
    }

    private void renew() {
        String form = "grant_type=client_credentials" + (scope.isEmpty() ? "" : "&scope=" + encoded(scope));
        String basic = encoded(id) + ":" + encoded(secret);
        HttpRequest request = HttpRequest.newBuilder(tokenUrl)
                .timeout(Duration.ofSeconds(10))
                .header("Authorization", "Basic " + Base64.getEncoder().encodeToString(basic.getBytes(StandardCharsets.UTF_8)))
                .header("Content-Type", "application/x-www-form-urlencoded")
                .header("Accept", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(form))
                .build();
        HttpResponse<byte[]> answer = send(request);
        int status = answer.statusCode();
        if (status >= 500 || status == 429) throw new FeedUnavailable("The token address answered " + status + ".", Duration.ZERO);
        if (status != 200) throw new FeedRefused(status, "The token address " + tokenUrl + " answered " + status + ": check client id, secret and scope.");
        Map<?, ?> given = Json.object(answer.body());
        token = Json.textAt(given, "access_token");
        if (token == null) throw new FeedBroken("Expected an access_token from " + tokenUrl + ".");
        long seconds = Json.at(given, "expires_in") instanceof Long lifetime ? lifetime : 300;
        // A tenth early, so that no request is under way with one that expires.
        renewAt = System.nanoTime() + Duration.ofSeconds(seconds).toNanos() * 9 / 10;
    }

    private HttpResponse<byte[]> send(HttpRequest request) {
        try {
            return client.send(request, HttpResponse.BodyHandlers.ofByteArray());
        } catch (IOException noAnswer) {
            throw new FeedUnavailable("No token from " + tokenUrl + ": " + noAnswer.getMessage(), noAnswer);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            throw new FeedUnavailable("Stopped while asking for a token.", stopped);
        }
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }
}
