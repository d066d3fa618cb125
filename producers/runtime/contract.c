/* contract.c - finds a kind's newest schema among the built-in files. */
#include "producers/runtime/contract.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/builtin.h"

/* N of "schemas/<kind>/v<N>.avsc"; 0: the path is another kind's. */
static int version_of(const char *path, const char *kind)
{
    char folder[200];
    int size = snprintf(folder, sizeof folder, "schemas/%s/v", kind);

    return strncmp(path, folder, (size_t)size) == 0 ? atoi(path + size) : 0;
}

bool contract_has_version(const char *kind, int64_t version)
{
    for (const struct builtin_file *file = builtin_schemas; version > 0 && file->path;
         file++)
        if (version_of(file->path, kind) == version)
            return true;
    return false;
}

enum outcome contract_open(struct contract *contract, const char *kind, struct err *e)
{
    const struct builtin_file *newest = NULL;

    *contract = (struct contract){.kind = kind};
    for (const struct builtin_file *file = builtin_schemas; file->path; file++)
        if (version_of(file->path, kind) > contract->version) {
            contract->version = version_of(file->path, kind);
            newest = file;
        }
    if (!newest)
        return err_set(e, FATAL, "no schema of %s is built in", kind);
    contract->file = schema_parse(newest->path, newest->text, newest->size, e);
    if (!contract->file)
        return e->outcome;
    contract->record = schema_root(contract->file);
    if (contract->record->type != SCHEMA_RECORD)
        return err_set(e, FATAL, "%s: is not a record", newest->path);
    return DONE;
}

void contract_close(struct contract *contract)
{
    schema_free(contract->file);
    contract->file = NULL;
}
