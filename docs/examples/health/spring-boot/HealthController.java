// Copyright: (c) 2026, the Kumawatch contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package com.example;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.sql.DataSource;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.http.CacheControl;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RestController;

/**
 * The health endpoint of an application with Spring Boot 3 (Java 17): the contract of docs/health.md.
 *
 * <p>Needs spring-boot-starter-web and spring-boot-starter-jdbc, and the properties {@code search.url} and
 * {@code health.token}.
 *
 * <p>Checks run in the background, each at its own pace and with a time limit; an answer is made of what they last found.
 */
@RestController
class HealthController implements AutoCloseable {
  private static final MediaType TYPE = MediaType.valueOf("application/health+json");
  private static final Duration INTERVAL = Duration.ofSeconds(15);
  private static final Duration TIMEOUT = Duration.ofSeconds(3);
  private static final List<String> ORDER = List.of("pass", "warn", "fail");

  /** What a check last found. */
  record Finding(String status, String output, double milliseconds, Instant time, long nanos) {}

  /** A dependency; one that is not critical at worst warns. */
  static final class Check {
    final String name;
    final String kind;
    final boolean critical;
    final Callable<?> run;
    volatile Finding last =
        new Finding("fail", "it has not been checked yet", 0, Instant.now(), System.nanoTime());

    Check(String name, String kind, boolean critical, Callable<?> run) {
      this.name = name;
      this.kind = kind;
      this.critical = critical;
      this.run = run;
    }

    /** What nobody has refreshed for too long is not trusted. */
    Finding state() {
      Finding found = last;
      if (System.nanoTime() - found.nanos() <= INTERVAL.multipliedBy(3).plus(TIMEOUT).toNanos()) {
        return found;
      }
      return new Finding(worse(found.status(), "warn"), "stale", found.milliseconds(), found.time(), found.nanos());
    }
  }

  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final List<Check> checks;
  private final String token;

  HealthController(
      DataSource database, @Value("${health.token:}") String token, @Value("${search.url}") URI searchUrl) {
    this.token = token;
    HttpClient http = HttpClient.newBuilder().connectTimeout(TIMEOUT).build();
    this.checks =
        List.of(
            new Check("database", "datastore", true, () -> {
              // isValid asks the server; the pool's own time limit must be shorter than ours.
              try (var connection = database.getConnection()) {
                if (!connection.isValid((int) TIMEOUT.toSeconds())) {
                  throw new IllegalStateException("the connection is not valid");
                }
              }
              return null;
            }),
            new Check("search", "component", false, () -> {
              var request = HttpRequest.newBuilder(searchUrl).timeout(TIMEOUT).build();
              if (http.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() >= 300) {
                throw new IllegalStateException("it did not answer well");
              }
              return null;
            }));
    for (Check check : checks) {
      threads.submit(
          () -> {
            repeat(check);
            return null;
          });
    }
  }

  private void repeat(Check check) throws InterruptedException {
    while (!Thread.currentThread().isInterrupted()) {
      long began = System.nanoTime();
      Future<?> running = threads.submit(check.run);
      String output = "";
      try {
        running.get(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
      } catch (TimeoutException late) {
        running.cancel(true);
        output = "no answer within " + TIMEOUT.toSeconds() + " s";
      } catch (java.util.concurrent.ExecutionException failed) {
        // Only its kind: what drivers say may hold addresses with passwords.
        output = failed.getCause().getClass().getSimpleName();
      }
      String status = output.isEmpty() ? "pass" : check.critical ? "fail" : "warn";
      long now = System.nanoTime();
      check.last = new Finding(status, output, (now - began) / 1e6, Instant.now(), now);
      Thread.sleep(INTERVAL.toMillis());
    }
  }

  /** The process answers. It knows no dependencies: restarting it mends no database. */
  @GetMapping("/livez")
  ResponseEntity<Map<String, Object>> livez() {
    return respond(Map.of("status", "pass"), 200);
  }

  @GetMapping("/readyz")
  ResponseEntity<Map<String, Object>> readyz(@RequestHeader(name = "Authorization", defaultValue = "") String shown) {
    return answer(checks.stream().filter(check -> check.critical).toList(), shown);
  }

  @GetMapping("/health")
  ResponseEntity<Map<String, Object>> health(@RequestHeader(name = "Authorization", defaultValue = "") String shown) {
    return answer(checks, shown);
  }

  private ResponseEntity<Map<String, Object>> answer(List<Check> asked, String shown) {
    String status = asked.stream().map(check -> check.state().status()).reduce("pass", HealthController::worse);
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("status", status);
    if (!token.isEmpty()
        && MessageDigest.isEqual(
            shown.getBytes(StandardCharsets.UTF_8), ("Bearer " + token).getBytes(StandardCharsets.UTF_8))) {
      Map<String, Object> entries = new LinkedHashMap<>();
      for (Check check : asked) {
        Finding found = check.state();
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put("componentId", check.name);
        entry.put("componentType", check.kind);
        entry.put("status", found.status());
        entry.put("time", found.time().toString());
        entry.put("observedValue", Math.round(found.milliseconds() * 10) / 10.0);
        entry.put("observedUnit", "ms");
        if (!found.output().isEmpty()) {
          entry.put("output", found.output());
        }
        entries.put(check.name + ":responseTime", List.of(entry));
      }
      document.put("serviceId", "example");
      document.put("checks", entries);
    }
    return respond(document, status.equals("fail") ? 503 : 200);
  }

  private static ResponseEntity<Map<String, Object>> respond(Map<String, Object> document, int code) {
    return ResponseEntity.status(code).contentType(TYPE).cacheControl(CacheControl.noStore()).body(document);
  }

  private static String worse(String one, String other) {
    return ORDER.indexOf(one) >= ORDER.indexOf(other) ? one : other;
  }

  @Override
  public void close() {
    threads.shutdownNow();
  }
}
