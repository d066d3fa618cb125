/* spool.h - events on the device's disk between "accepted" and "persisted by the
 * broker"; SQLite in WAL mode with synchronous=EXTRA. spool.c is the only user of
 * sqlite3.h.
 *
 * Many processes may accept into one spool; one (the holder of a file lock) delivers, in
 * spool order. What is committed here is accepted: it survives the kill of the process
 * and the loss of power.
 *
 * Outcomes of every call: RETRY: the disk is full, or another process kept the spool
 * locked for too long. FATAL: the disk failed, or what is there is no spool. */
#ifndef GRIDLOOP_SPOOL_H
#define GRIDLOOP_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

struct spool; /* opaque; one thread */

struct spool_event {
    uint64_t sequence; /* given by the spool, rising, never given twice */
    uint8_t event_id[16];
    const char *topic;
    const void *key;
    size_t key_size;
    const void *value; /* framed Avro, as it goes to Kafka */
    size_t value_size;
    const char *headers; /* name NUL value NUL ... , headers_size bytes */
    size_t headers_size;
};

/* Where reading of a file goes on: saved in the same transaction as the events read up
 * to there, by compare-and-set: a place moves only from where this process has last
 * loaded or saved it. So of two that read one file, one cannot save, and the lines of its
 * group are not accepted twice. */
struct spool_place {
    uint64_t device, inode;
    uint64_t byte_offset, line_number;
    uint8_t head_sha256[32]; /* of its first head_size bytes: tells a new file */
    uint64_t head_size;      /* up to 4096 */
};

/* Opens or makes the spool at path, of which links are resolved; beside it are path-wal, path-shm, path.lock, and
 * path.reserve, 12 MiB that are given up when the disk is full: so what is delivered can
 * still be deleted. max_bytes: see spool_room(). NULL: *e is RETRY, or FATAL: 65 not a
 * spool of ours or from a newer version (left untouched), 73 cannot create, 77 may not
 * write. */
struct spool *spool_open(const char *path, uint64_t max_bytes, struct err *e);
void spool_close(struct spool *spool); /* rolls back what is open; NULL is fine */

/* True if path is the spool's file, by whatever name. */
bool spool_is_at(const struct spool *spool, const char *path);

/* Group commit: begin, any number of add, delete and save_place (each path once),
 * commit. After anything
 * but DONE the group is rolled back: nothing of it happened. */
enum outcome spool_begin(struct spool *spool, struct err *e);
enum outcome spool_add(struct spool *spool, const struct spool_event *event,
                       struct err *e);
/* Only for a path that spool_load_place() was asked for. FATAL 75: another process has
 * moved the place. */
enum outcome spool_save_place(struct spool *spool, const char *path,
                              const struct spool_place *place, struct err *e);
/* Events that the broker persisted. Sorts sequences. */
enum outcome spool_delete(struct spool *spool, uint64_t *sequences, size_t count,
                          struct err *e);
enum outcome spool_commit(struct spool *spool, struct err *e);

/* False in *found if nothing was saved for path. */
enum outcome spool_load_place(struct spool *spool, const char *path,
                              struct spool_place *place, bool *found, struct err *e);

/* Takes the lock of the one that delivers; false: another process has it. Held until
 * spool_close(). */
bool spool_lock_delivery(struct spool *spool);

/* Up to count events with sequence > after, in order; their memory is valid until the
 * next read. */
enum outcome spool_read(struct spool *spool, uint64_t after, struct spool_event *events,
                        size_t count, size_t *got, struct err *e);

/* Lowest and highest sequence in the spool; both 0: it is empty. */
enum outcome spool_range(struct spool *spool, uint64_t *first, uint64_t *last,
                         struct err *e);

/* Events in the spool; reads all of it. */
enum outcome spool_count(struct spool *spool, uint64_t *count, struct err *e);

/* Bytes until max_bytes of pages are in use; 0: full. What is deleted makes room, though
 * the file keeps its size. */
enum outcome spool_room(struct spool *spool, uint64_t *bytes, struct err *e);

/* Calls each(context, event_id) for every event still in the spool at path (opened
 * read-only). For gridloopctl verify. */
enum outcome spool_each_id(const char *path,
                           void (*each)(void *context, const uint8_t event_id[16]),
                           void *context, struct err *e);

#endif
