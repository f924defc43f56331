/* SPDX-License-Identifier: MIT */
/* proc/image.c - see image.h. */
#include "proc/image.h"

#include <errno.h>
#include <link.h>
#include <string.h>

/* What one walk through the objects looks for, and what it found. */
typedef struct search {
    const wf_image_name *wanted; /* or, if NULL: */
    uintptr_t address;
    wf_image_name name;
    uintptr_t found;
    bool has_id;
    unsigned number, at; /* objects seen; in which one it is, from 0: the program */
} search;

static bool is_executable(const struct dl_phdr_info *object, uintptr_t address)
{
    for (unsigned i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        if (part->p_type == PT_LOAD && (part->p_flags & PF_X) &&
            address - (object->dlpi_addr + part->p_vaddr) < part->p_memsz)
            return true;
    }
    return false;
}

static size_t up4(size_t bytes)
{
    return (bytes + 3) & ~(size_t)3;
}

/* In one segment of notes. */
static bool id_in(const unsigned char *at, size_t bytes, uint8_t *id)
{
    const unsigned char *end = at + bytes;
    while ((size_t)(end - at) >= sizeof(ElfW(Nhdr))) {
        const ElfW(Nhdr) *note = (const void *)at;
        const unsigned char *text = at + sizeof *note, *body = text + up4(note->n_namesz);
        size_t whole = sizeof *note + up4(note->n_namesz) + up4(note->n_descsz);
        if (whole > (size_t)(end - at))
            return false;
        if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && !memcmp(text, "GNU", 4)) {
            memset(id, 0, WF_IMAGE_ID_BYTES);
            memcpy(id, body, note->n_descsz < WF_IMAGE_ID_BYTES ? note->n_descsz : WF_IMAGE_ID_BYTES);
            return note->n_descsz;
        }
        at += whole;
    }
    return false;
}

static bool id_of(const struct dl_phdr_info *object, uint8_t *id)
{
    for (unsigned i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        if (part->p_type == PT_NOTE && part->p_align <= 4 &&
            id_in((const unsigned char *)object->dlpi_addr + part->p_vaddr, part->p_memsz, id))
            return true;
    }
    return false;
}

static int look_for_address(struct dl_phdr_info *object, size_t bytes, void *arg)
{
    search *s = arg;
    (void)bytes;
    s->at = s->number++;
    if (!is_executable(object, s->address))
        return 0;
    s->found = s->address;
    s->has_id = id_of(object, s->name.id);
    s->name.offset = s->address - object->dlpi_addr;
    return 1;
}

static int look_for_name(struct dl_phdr_info *object, size_t bytes, void *arg)
{
    search *s = arg;
    uint8_t id[WF_IMAGE_ID_BYTES];
    uintptr_t address = object->dlpi_addr + (uintptr_t)s->wanted->offset;
    (void)bytes;
    if (!id_of(object, id) || memcmp(id, s->wanted->id, sizeof id) || !is_executable(object, address))
        return 0;
    s->found = address;
    return 1;
}

int wf_image_name_of(wf_image_fn *fn, wf_image_name *name)
{
    search s = {.address = (uintptr_t)fn};
    if (!dl_iterate_phdr(look_for_address, &s))
        return -EINVAL;
    *name = s.name;
    return s.has_id ? 0 : -ENOTSUP;
}

wf_image_fn *wf_image_find(const wf_image_name *name)
{
    search s = {.wanted = name};
    return dl_iterate_phdr(look_for_name, &s) ? (wf_image_fn *)s.found : NULL;
}

bool wf_image_is_program(wf_image_fn *fn)
{
    search s = {.address = (uintptr_t)fn};
    return dl_iterate_phdr(look_for_address, &s) && s.at == 0;
}
