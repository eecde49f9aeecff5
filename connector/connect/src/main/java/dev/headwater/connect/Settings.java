package dev.headwater.connect;

import dev.headwater.reader.BearerFile;
import dev.headwater.reader.ClientCredentials;
import dev.headwater.reader.Credentials;
import dev.headwater.reader.HostRule;
import dev.headwater.reader.Http;
import dev.headwater.reader.Traffic;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.Importance;
import org.apache.kafka.common.config.ConfigDef.Type;
import org.apache.kafka.common.config.ConfigException;

/** What the operator says: two things, and what of the rest should be otherwise. */
final class Settings extends AbstractConfig {
    static final String ENTRY = "entry.url";
    static final String BOOTSTRAP = "kafka.bootstrap.servers";
    static final String TOPIC = "topic";
    static final String CONSUMER = "consumer";
    /** Of Connect itself. */
    private static final String TOLERANCE = "errors.tolerance";

    static final ConfigDef DEFINITION = new ConfigDef()
            .define(ENTRY, Type.STRING, ConfigDef.NO_DEFAULT_VALUE, Settings::requireUrl, Importance.HIGH,
                    "Where to begin: the landscape's entry document, a service's home, or a feed.")
            .define(BOOTSTRAP, Type.LIST, Importance.HIGH,
                    "The cluster of the worker, to make topics as they must be and to learn their partitions. Security settings follow the same prefix: kafka.security.protocol…")
            .define(TOPIC, Type.STRING, "headwater.{service}", Settings::requireTopic, Importance.HIGH,
                    "Name of the topics. {service} must be in it: one log a topic. With {category} each category of streams has its own; order between categories is then lost. With a consumer, '.for.{consumer}' is added to the default.")
            .define("services", Type.LIST, "", Importance.MEDIUM, "Names of the services to read; all when empty.")
            .define("types", Type.LIST, "", Importance.MEDIUM, "Types of events to read; all that are shown when empty.")
            .define(CONSUMER, Type.STRING, "", Settings::requireName, Importance.MEDIUM,
                    "The one consumer that experimental types are read for, with its own token. Needs services and types, and writes topics of its own, {consumer} in their names. Reading ends by itself on the day the types do.")
            .define("partitions", Type.INT, 12, ConfigDef.Range.between(1, 1024), Importance.MEDIUM, "Partitions of a topic when it is made. Never change it afterwards.")
            .define("replication", Type.SHORT, (short) -1, Importance.MEDIUM, "Replicas of a topic when it is made; -1 leaves it to the cluster.")
            .define("history", Type.STRING, "all", ConfigDef.ValidString.in("all", "part"), Importance.MEDIUM,
                    "'part' accepts topics that forget (compaction, retention), where part of history is enough.")
            .define("on.fork", Type.STRING, "fail", ConfigDef.ValidString.in("fail", "continue"), Importance.MEDIUM,
                    "A log that was restored goes on as another lineage: 'continue' goes on from the last event both share, 'fail' leaves that to a person.")
            .define("allowed.hosts", Type.LIST, "", Importance.MEDIUM, "Hosts besides the entry's that links and redirects may lead to: host, host:port, *.domain.")
            .define("auth.token.file", Type.STRING, "", Importance.MEDIUM, "File with a bearer token, read anew for each request.")
            .define("auth.token.url", Type.STRING, "", Importance.MEDIUM, "OAuth 2 token address for client credentials.")
            .define("auth.client.id", Type.STRING, "", Importance.MEDIUM, "OAuth 2 client.")
            .define("auth.client.secret", Type.PASSWORD, "", Importance.MEDIUM, "Its secret; better through a ConfigProvider.")
            .define("auth.scope", Type.STRING, "events:read", Importance.LOW, "OAuth 2 scope.")
            .define("compression", Type.STRING, "auto", ConfigDef.ValidString.in("auto", "gzip", "none"), Importance.LOW, "Of answers; auto asks for gzip unless the entry is on this machine.")
            .define("wait.seconds", Type.INT, 45, ConfigDef.Range.between(1, 60), Importance.LOW, "How long a request waits at the end of a feed.")
            .define("patience.ms", Type.INT, 5_000, ConfigDef.Range.atLeast(100), Importance.LOW, "Longest silence of a server, beyond the wait.")
            .define("discovery.interval.ms", Type.INT, 10_000, ConfigDef.Range.atLeast(100), Importance.LOW, "How often the entry is looked at for new, moved and removed services.")
            .define("heartbeat.topic", Type.STRING, "headwater.heartbeats", Importance.LOW, "Topic that says up to which position each feed is in Kafka.")
            .define("heartbeat.interval.ms", Type.INT, 1_000, ConfigDef.Range.atLeast(10), Importance.LOW, "Least time between two heartbeats of a feed.")
            .define("quarantine.topic", Type.STRING, "headwater.quarantine", Importance.LOW, "Topic for what stood in the place of an event and is none.")
            .define("event.max.bytes", Type.INT, 4 * 1024 * 1024, ConfigDef.Range.between(1024, 64 * 1024 * 1024), Importance.LOW,
                    "Largest event written: all that a Headwater store takes by default. A larger one stops its feed; nothing passes it over. Topics are made to take it; the worker's producers must as well (producer.max.request.size).")
            .define("batch.events", Type.INT, 5_000, ConfigDef.Range.atLeast(1), Importance.LOW, "A transaction takes no further range once it has as many events.")
            .define("batch.bytes", Type.INT, 2 * 1024 * 1024, ConfigDef.Range.atLeast(1024), Importance.LOW, "…or as many bytes.")
            .define("buffer.bytes", Type.INT, 8 * 1024 * 1024, ConfigDef.Range.atLeast(1024), Importance.LOW, "Bytes that a task reads ahead of Kafka.");

    Settings(Map<String, String> given) {
        super(DEFINITION, given, false);
    }

    URI entry() {
        return URI.create(getString(ENTRY));
    }

    Duration duration(String name) {
        return Duration.ofMillis(getInt(name));
    }

    boolean wants(String service) {
        List<String> services = getList("services");
        return services.isEmpty() || services.contains(service);
    }

    /** Name of the topic that an event of a stream goes to. */
    String topicOf(String service, String stream) {
        if (!byCategory()) return topic(service, "");
        int dash = stream.indexOf('-');
        return topic(service, stream.substring(0, dash < 0 ? stream.length() : dash));
    }

    /** Each category of streams has a topic of its own. */
    boolean byCategory() {
        return pattern().contains("{category}");
    }

    String topic(String service, String category) {
        return pattern().replace("{service}", service).replace("{category}", category).replace("{consumer}", getString(CONSUMER));
    }

    String pattern() {
        boolean given = originals().containsKey(TOPIC);
        return getString(TOPIC) + (given || !forOneConsumer() ? "" : ".for.{consumer}");
    }

    /** Reads experimental types for a named consumer, until the day they end. */
    boolean forOneConsumer() {
        return !getString(CONSUMER).isEmpty();
    }

    /** What is wrong with the settings together, by the name of the one to mend; each alone is fine. */
    Map<String, String> lacking() {
        Map<String, String> lacking = new HashMap<>();
        if ("all".equalsIgnoreCase(String.valueOf(originals().get(TOLERANCE))))
            lacking.put(TOLERANCE, "Expected none: with all, Connect passes over an event that it cannot write, and goes on as if it were in the topic.");
        if (forOneConsumer() != pattern().contains("{consumer}"))
            lacking.put(TOPIC, "Expected {consumer} in it exactly when consumer is set: what is for one consumer must not lie in a topic that all read.");
        if (!forOneConsumer()) return lacking;
        for (String needed : List.of("services", "types"))
            if (getList(needed).isEmpty()) lacking.put(needed, "Expected the " + needed + " that are experimental for " + getString(CONSUMER) + ".");
        return lacking;
    }

    Map<String, Object> admin() {
        return new HashMap<>(originalsWithPrefix("kafka."));
    }

    Http http(Traffic traffic) {
        String compression = getString("compression");
        String host = String.valueOf(entry().getHost());
        boolean here = host.equals("localhost") || host.startsWith("127.") || host.equals("[::1]");
        boolean gzip = compression.equals("gzip") || (compression.equals("auto") && !here);
        return new Http(new HostRule(entry(), getList("allowed.hosts")), credentials(), duration("patience.ms"), gzip, traffic);
    }

    private Credentials credentials() {
        String file = getString("auth.token.file");
        String tokenUrl = getString("auth.token.url");
        if (!file.isEmpty()) return new BearerFile(Path.of(file));
        if (tokenUrl.isEmpty()) return Credentials.NONE;
        String secret = getPassword("auth.client.secret").value();
        return new ClientCredentials(URI.create(tokenUrl), getString("auth.client.id"), secret, getString("auth.scope"));
    }

    private static void requireUrl(String name, Object value) {
        String text = String.valueOf(value);
        try {
            URI uri = URI.create(text);
            if (uri.getHost() != null && ("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()))) return;
        } catch (IllegalArgumentException malformed) {
            // said below
        }
        throw new ConfigException(name, value, "Expected an http or https URL.");
    }

    private static void requireTopic(String name, Object value) {
        String topic = String.valueOf(value);
        String plain = topic.replace("{service}", "s").replace("{category}", "c").replace("{consumer}", "c");
        if (!topic.contains("{service}")) throw new ConfigException(name, value, "Expected {service} in it: a topic holds one log.");
        if (!plain.matches("[A-Za-z0-9._-]{1,249}")) throw new ConfigException(name, value, "Expected letters, digits, '.', '_', '-', {service}, {category} and {consumer}.");
    }

    private static void requireName(String name, Object value) {
        if (!String.valueOf(value).matches("[A-Za-z0-9._-]{0,100}")) throw new ConfigException(name, value, "Expected letters, digits, '.', '_' and '-'.");
    }
}
