package dev.headwater.reader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CredentialsTest {
    private final List<String> asked = new ArrayList<>();
    private HttpServer server;
    private int status = 200;
    private long expiresIn = 3600;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/token", exchange -> {
            String form = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            asked.add(exchange.getRequestHeaders().getFirst("Authorization") + " " + form);
            byte[] body = ("{\"access_token\":\"t" + asked.size() + "\",\"token_type\":\"Bearer\",\"expires_in\":" + expiresIn + "}").getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(status, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private ClientCredentials client() {
        return new ClientCredentials(URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/token"), "connect", "s3cret:/", "events:read");
    }

    @Test
    void ask_for_a_token_once_as_the_client_they_are() {
        ClientCredentials credentials = client();
        assertEquals("Bearer t1", credentials.authorization());
        assertEquals("Bearer t1", credentials.authorization());
        // RFC 6749, 2.3.1: id and secret are form-encoded before they are joined.
        String basic = Base64.getEncoder().encodeToString("connect:s3cret%3A%2F".getBytes(StandardCharsets.UTF_8));
        assertEquals(List.of("Basic " + basic + " grant_type=client_credentials&scope=events%3Aread"), asked);
    }

    @Test
    void ask_again_when_the_token_ends_or_was_refused() {
        ClientCredentials credentials = client();
        expiresIn = 0;
        assertEquals("Bearer t1", credentials.authorization());
        expiresIn = 3600;
        assertEquals("Bearer t2", credentials.authorization());
        assertTrue(credentials.refused());
        assertEquals("Bearer t3", credentials.authorization());
    }

    @Test
    void tell_what_passes_from_what_does_not() {
        status = 503;
        assertThrows(FeedUnavailable.class, () -> client().authorization());
        status = 401;
        FeedRefused refused = assertThrows(FeedRefused.class, () -> client().authorization());
        assertTrue(refused.getMessage().contains("check client id, secret and scope"));
    }

    @Test
    void read_a_token_anew_from_a_file_that_others_renew(@TempDir Path directory) throws IOException {
        Path file = Files.writeString(directory.resolve("token"), "one\n");
        BearerFile credentials = new BearerFile(file);
        assertEquals("Bearer one", credentials.authorization());
        assertFalse(credentials.refused());
        Files.writeString(file, "two\n");
        assertTrue(credentials.refused());
        assertEquals("Bearer two", credentials.authorization());
        Files.delete(file);
        assertThrows(FeedRefused.class, credentials::authorization);
    }
}
