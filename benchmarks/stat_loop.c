/* Reads a list of paths, one a line, then calls stat(2) on all of them each time that a line comes in on standard input.
 * Writes what a round cost, in seconds: wall clock, processor time, and how many calls failed. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static double seconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

int main(int argc, char **argv) {
    FILE *list = argc == 2 ? fopen(argv[1], "r") : NULL;
    char **paths = NULL, *line = NULL, go[16];
    size_t count = 0, room = 0;
    ssize_t length;

    if (list == NULL)
        return 2;
    while ((length = getline(&line, &room, list)) > 0) {
        line[length - 1] = '\0';
        paths = realloc(paths, (count + 1) * sizeof *paths);
        paths[count++] = strdup(line);
    }
    while (fgets(go, sizeof go, stdin) != NULL) {
        struct stat found;
        long failed = 0;
        double wall = seconds(CLOCK_MONOTONIC), processor = seconds(CLOCK_PROCESS_CPUTIME_ID);
        for (size_t i = 0; i < count; i++)
            failed += stat(paths[i], &found) != 0;
        printf("%.9f %.9f %ld\n", seconds(CLOCK_MONOTONIC) - wall, seconds(CLOCK_PROCESS_CPUTIME_ID) - processor, failed);
        fflush(stdout);
    }
    return 0;
}
