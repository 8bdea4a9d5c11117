package streamgauge;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Map;
import java.util.stream.Stream;

/** The process's side of the harness: takes requests for runs, and ends when the harness does. */
public final class Harness {
  private Harness() {}

  /** Ends the process at once, with the folder that was made for it. */
  public static synchronized void leave() {
    removeFolder(Path.of(System.getProperty("java.io.tmpdir")));
    Runtime.getRuntime().halt(3);
  }

  /** Removes a folder that the harness has made: it says so, and would have removed it itself. */
  private static void removeFolder(Path folder) {
    if (Files.exists(folder.resolve(".streamgauge"))) {
      remove(folder);
    }
  }

  private static void remove(Path folder) {
    // Tasks may still write into it.
    for (int attempt = 0; attempt < 5 && Files.exists(folder); attempt++) {
      try (Stream<Path> all = Files.walk(folder)) {
        for (Path path : (Iterable<Path>) all.sorted(Comparator.reverseOrder())::iterator) {
          Files.deleteIfExists(path);
        }
      } catch (IOException | UncheckedIOException changed) {
        // Once more.
      }
    }
  }

  /** The environment variable that holds the secret of the harness: who else is here cannot see it. */
  private static final String SECRET = "STREAMGAUGE_SECRET";

  /** Serves the harness whose port stands in the arguments, for ever. */
  public static void serve(String[] arguments, SystemUnderTest system) throws Exception {
    watchStandardInput();
    Address address =
        new Address(
            Integer.parseInt(arguments[0]), Long.parseUnsignedLong(System.getenv(SECRET)));
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), address.port)) {
      socket.setTcpNoDelay(true);
      PackWriter hello = address.hello(Address.CONTROL, 0, 0);
      socket.getOutputStream().write(hello.bytes, 0, hello.length);
      Reports reports = new Reports(socket.getOutputStream());
      reports.send("ready", "version", system.version());
      DataInputStream input = new DataInputStream(socket.getInputStream());
      while (true) {
        obey(read(input), address, system, reports);
      }
    } catch (IOException gone) {
      leave();
    }
  }

  /** A process whose harness was killed has nobody to work for. */
  private static void watchStandardInput() {
    Thread thread =
        new Thread(
            () -> {
              try {
                while (System.in.read() >= 0) {}
              } catch (IOException closed) {
                // As at its end.
              }
              leave();
            },
            "streamgauge-watch");
    thread.setDaemon(true);
    thread.start();
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> read(DataInputStream input) throws IOException {
    byte[] head = new byte[4];
    input.readFully(head);
    byte[] message = new byte[new PackReader().on(head, 0, 4).rawInt()];
    input.readFully(message);
    return (Map<String, Object>) new PackReader().on(message, 0, message.length).getValue();
  }

  private static void obey(
      Map<String, Object> message, Address address, SystemUnderTest system, Reports reports) {
    switch ((String) message.get("do")) {
      case "run":
        Request request = new Request(address, message);
        new Thread(() -> run(request, system, reports), "streamgauge-run").start();
        break;
      case "cancel":
        try {
          system.cancel();
        } catch (Exception failure) {
          System.err.println("cannot cancel: " + Reports.describe(failure));
        }
        break;
      case "fail-task":
        system.failTask();
        break;
      default:
        throw new IllegalStateException("unknown request " + message);
    }
  }

  /** What earlier jobs have stored is of no use to anybody. */
  private static void removeOthers(Path folder) throws IOException {
    try (Stream<Path> folders = Files.list(folder.getParent())) {
      folders
          .filter(other -> other.getFileName().toString().startsWith("job-"))
          .forEach(Harness::remove);
    }
  }

  private static void run(Request request, SystemUnderTest system, Reports reports) {
    try {
      if (!request.resume) {
        removeOthers(Path.of(request.folder));
      }
      system.run(request, reports);
      reports.send("finished", "run", request.run);
    } catch (Throwable failure) {
      failure.printStackTrace();
      boolean refused = failure instanceof IllegalArgumentException;
      String cause = refused ? failure.getMessage() : Reports.describe(failure);
      reports.send("failed", "run", request.run, "cause", cause, "refused", refused);
    }
  }
}
