package lab;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import org.apache.derby.authentication.UserAuthenticator;

/**
 * User profiles: who may sign on. Derby asks {@link #authenticateUser} for every connection.
 *
 * As on IBM i a profile is disabled after QMAXSIGN wrong passwords (3 here), PASSWORD(*NONE) can't sign on, and an
 * expired password is refused until it is changed. The special authorities *ALLOBJ and *SECADM are kept for {@link Cl}.
 */
public final class Profiles implements UserAuthenticator {
    /** QMAXSIGN: https://www.ibm.com/docs/en/i/7.5?topic=values-maximum-sign-attempts-qmaxsign */
    private static final int MOST_FAILURES = 3;
    private static final int EXPIRED = 0x0E, UNKNOWN = 0x13, REVOKED = 0x14; // DRDA: SECCHKCD

    /** One profile; the digest is empty for PASSWORD(*NONE). */
    record Profile(String name, String digest, boolean enabled, boolean expired, int failures, String special,
                   String text) {
        Profile withFailures(int count) {
            return new Profile(name, digest, enabled && count < MOST_FAILURES, expired, count, special, text);
        }
    }

    private static final Map<String, Profile> PROFILES = new TreeMap<>();
    private static Path file;
    private static String officerPassword = "";

    static synchronized void open(Path path, String officer, String password) throws IOException {
        file = path;
        if (Files.exists(path)) {
            for (String line : Files.readAllLines(path)) {
                String[] part = line.split("\t", -1);
                PROFILES.put(part[0], new Profile(part[0], part[1], Boolean.parseBoolean(part[2]),
                    Boolean.parseBoolean(part[3]), Integer.parseInt(part[4]), part[5], part[6]));
            }
        }
        officerPassword = password;
        put(new Profile(officer, digest(officer, password), true, false, 0, "*ALLOBJ *SECADM", "Security officer"));
    }

    static String officerPassword() {
        return officerPassword;
    }

    @Override
    public boolean authenticateUser(String user, String password, String database, Properties info) {
        return user != null && password != null && signOn(user.trim().toUpperCase(Locale.ROOT), password);
    }

    private static synchronized boolean signOn(String name, String password) {
        Profile profile = PROFILES.get(name);
        if (profile == null || !profile.enabled || profile.digest.isEmpty()) {
            return false;
        }
        if (!profile.digest.equals(digest(name, password))) {
            put(profile.withFailures(profile.failures + 1));
            return false;
        }
        if (profile.failures > 0) {
            put(profile.withFailures(0));
        }
        return !profile.expired;
    }

    /** Why a sign-on was refused, as DRDA says it. */
    static synchronized int securityCode(String name, int wrongPassword) {
        Profile profile = PROFILES.get(name);
        if (profile == null) {
            return UNKNOWN;
        }
        return !profile.enabled ? REVOKED : profile.expired ? EXPIRED : wrongPassword;
    }

    static synchronized Profile get(String name) {
        return PROFILES.get(name);
    }

    static synchronized List<Profile> all() {
        return new ArrayList<>(PROFILES.values());
    }

    /** Whether a profile has a special authority; the security officer has all. */
    static boolean has(String name, String special) {
        Profile profile = get(name);
        return profile != null && (profile.special.contains(special) || profile.special.contains("*ALLOBJ"));
    }

    static synchronized void put(Profile profile) {
        PROFILES.put(profile.name, profile);
        save();
    }

    static synchronized void remove(String name) {
        PROFILES.remove(name);
        save();
    }

    static String digest(String name, String password) {
        if (password.equalsIgnoreCase("*NONE")) {
            return "";
        }
        try {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            return HexFormat.of().formatHex(sha.digest((name + "\0" + password).getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static void save() {
        List<String> lines = new ArrayList<>();
        for (Profile each : PROFILES.values()) {
            lines.add(String.join("\t", each.name, each.digest, String.valueOf(each.enabled),
                String.valueOf(each.expired), String.valueOf(each.failures), each.special, each.text));
        }
        try {
            Path fresh = file.resolveSibling(file.getFileName() + ".new");
            Files.write(fresh, lines);
            Files.move(fresh, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException error) {
            throw new java.io.UncheckedIOException(error);
        }
    }
}
