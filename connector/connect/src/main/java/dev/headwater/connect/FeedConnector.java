package dev.headwater.connect;

import java.util.List;
import java.util.Map;
import org.apache.kafka.common.config.Config;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigValue;
import org.apache.kafka.connect.connector.Task;
import org.apache.kafka.connect.source.ConnectorTransactionBoundaries;
import org.apache.kafka.connect.source.ExactlyOnceSupport;
import org.apache.kafka.connect.source.SourceConnector;

/** Reads the feeds of a landscape, found from its entry URL, into topics: each event once, in order, byte for byte. */
public final class FeedConnector extends SourceConnector {
    static final String VERSION = "0.1.0";
    private Map<String, String> given;
    private Watcher watcher;

    @Override
    public String version() {
        return VERSION;
    }

    @Override
    public ConfigDef config() {
        return Settings.DEFINITION;
    }

    @Override
    public Class<? extends Task> taskClass() {
        return FeedTask.class;
    }

    @Override
    public void start(Map<String, String> settings) {
        given = settings;
        watcher = new Watcher(
                new Settings(settings),
                () -> context().requestTaskReconfiguration(),
                service -> context().offsetStorageReader().offset(FeedOffset.partition(service)));
        watcher.start();
    }

    @Override
    public List<Map<String, String>> taskConfigs(int maxTasks) {
        return Share.split(given, watcher.places(), maxTasks, watcher.generation());
    }

    @Override
    public void stop() {
        if (watcher != null) watcher.close();
    }

    /** Besides the form of each setting: does the entry answer, with these rights, and does Kafka? */
    @Override
    public Config validate(Map<String, String> settings) {
        Config config = super.validate(settings);
        boolean wellFormed = config.configValues().stream().allMatch(value -> value.errorMessages().isEmpty());
        if (!wellFormed) return config;
        Settings parsed = new Settings(settings);
        Map<String, String> lacking = parsed.lacking();
        lacking.forEach((name, says) -> named(config, name).addErrorMessage(says));
        if (!lacking.isEmpty()) return config;
        Dial.entry(parsed).ifPresent(wrong -> named(config, Settings.ENTRY).addErrorMessage(wrong));
        Dial.kafka(parsed).ifPresent(wrong -> named(config, Settings.BOOTSTRAP).addErrorMessage(wrong));
        return config;
    }

    private static ConfigValue named(Config config, String name) {
        return config.configValues().stream().filter(value -> value.name().equals(name)).findFirst().orElseGet(() -> {
            ConfigValue ofConnect = new ConfigValue(name);
            config.configValues().add(ofConnect);
            return ofConnect;
        });
    }

    @Override
    public ExactlyOnceSupport exactlyOnceSupport(Map<String, String> settings) {
        return ExactlyOnceSupport.SUPPORTED;
    }

    @Override
    public ConnectorTransactionBoundaries canDefineTransactionBoundaries(Map<String, String> settings) {
        return ConnectorTransactionBoundaries.SUPPORTED;
    }

    @Override
    public boolean alterOffsets(Map<String, String> settings, Map<Map<String, ?>, Map<String, ?>> offsets) {
        offsets.forEach(FeedOffset::check);
        return true;
    }
}
