package streamgauge.spark;

import java.net.URI;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.permission.FsPermission;

/**
 * Local files without a child process. Where Hadoop's native library is missing, its own local file
 * system starts {@code chmod} for every file that it creates, and Spark creates several per
 * micro-batch. This one leaves the permissions as the process makes them. It writes no checksum
 * files either. The files stand in the same place as those of {@code file:}.
 */
public final class ForkFreeFileSystem extends RawLocalFileSystem {
  /** How paths of this file system begin. */
  public static final String SCHEME = "fork-free";

  private static final URI ROOT = URI.create(SCHEME + ":///");

  @Override
  public URI getUri() {
    return ROOT;
  }

  @Override
  public String getScheme() {
    return SCHEME;
  }

  @Override
  public void setPermission(Path path, FsPermission permission) {}
}
