/* A plugin for qemu that counts the instructions of a program, in all of its threads: in blocks, as qemu translates
 * them. Its argument is the file for the number. Valgrind, which counts on the processor of the machine, runs no program
 * for another one. The declarations are those of qemu-plugin.h, which few systems have. */
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef uint64_t plugin_id;
struct block;
struct info;

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, void (*)(plugin_id, struct block *));
void qemu_plugin_register_vcpu_tb_exec_cb(struct block *, void (*)(unsigned, void *), int, void *);
void qemu_plugin_register_atexit_cb(plugin_id, void (*)(plugin_id, void *), void *);
size_t qemu_plugin_tb_n_insns(const struct block *);

/* Of qemu 4.2 to 8.2; later ones refuse the plugin and say so. */
int qemu_plugin_version = 1;

static atomic_uint_fast64_t counted;
static char file[4096];

static void executed(unsigned processor, void *instructions) {
    (void)processor;
    atomic_fetch_add_explicit(&counted, (uintptr_t)instructions, memory_order_relaxed);
}

static void translated(plugin_id id, struct block *block) {
    (void)id;
    qemu_plugin_register_vcpu_tb_exec_cb(block, executed, 0, (void *)(uintptr_t)qemu_plugin_tb_n_insns(block));
}

static void ended(plugin_id id, void *nothing) {
    (void)id, (void)nothing;
    FILE *out = fopen(file, "w");
    if (out != NULL) {
        fprintf(out, "%llu\n", (unsigned long long)atomic_load(&counted));
        fclose(out);
    }
}

int qemu_plugin_install(plugin_id id, const struct info *info, int count, char **arguments) {
    (void)info;
    if (count != 1 || strncmp(arguments[0], "out=", 4) != 0 || strlen(arguments[0]) > sizeof file) {
        return 1;
    }
    strcpy(file, arguments[0] + 4);
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, ended, NULL);
    return 0;
}
