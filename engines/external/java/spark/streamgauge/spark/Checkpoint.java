package streamgauge.spark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import streamgauge.Request;

/**
 * The folder where Spark keeps its offset log, its commit log and its state. The logs tell from
 * where a query reads that is started again, before Spark itself has read them.
 */
final class Checkpoint {
  private final Path folder;

  private Checkpoint(Path folder) {
    this.folder = folder;
  }

  /** The one of this request. It is emptied, unless the request takes it up. */
  static Checkpoint of(Request request) throws IOException {
    Path folder = Path.of(request.folder, "checkpoint").toAbsolutePath();
    if (!request.resume) {
      delete(folder);
    }
    Files.createDirectories(folder);
    return new Checkpoint(folder);
  }

  private static void delete(Path folder) throws IOException {
    if (Files.exists(folder)) {
      List<Path> all;
      try (Stream<Path> found = Files.walk(folder)) {
        all = found.sorted(Comparator.reverseOrder()).collect(Collectors.toList());
      }
      for (Path path : all) {
        Files.delete(path);
      }
    }
  }

  /** Where it is, for Spark. */
  String location(boolean isForkFree) {
    return (isForkFree ? ForkFreeFileSystem.SCHEME : "file") + "://" + folder;
  }

  /** The last batch that was committed, or {@link Sinks#NO_BATCH}. */
  long committed() throws IOException {
    return last("commits");
  }

  /**
   * From where the next batch reads. Spark runs the batch after the last committed one, again if it
   * had begun, and that begins where the last committed one ends.
   */
  Positions start(int splits) throws IOException {
    long committed = committed();
    if (committed == Sinks.NO_BATCH) {
      return Positions.start(splits);
    }
    List<String> lines = Files.readAllLines(folder.resolve("offsets/" + committed));
    String last = lines.get(lines.size() - 1);
    // The second form of the log names the source before the offset.
    return Positions.parse(last.substring(last.indexOf('{')));
  }

  private long last(String log) throws IOException {
    Path logs = folder.resolve(log);
    if (!Files.isDirectory(logs)) {
      return Sinks.NO_BATCH;
    }
    try (Stream<Path> files = Files.list(logs)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.matches("[0-9]+"))
          .mapToLong(Long::parseLong)
          .max()
          .orElse(Sinks.NO_BATCH);
    }
  }
}
