#include "wall.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined(__APPLE__)
#include <sys/sysctl.h>
#endif

efi_code efi_guard(efi_wall *wall, void (*body)(void *job), void *job) {
  wall->code = EFI_OK;
  if (setjmp(wall->escape) == 0) body(job);
  return wall->code;
}

void efi_leave(efi_wall *wall, efi_code code, const char *message) {
  wall->code = code;
  if (message) {
    strncpy(wall->failure->message, message, EFI_MESSAGE_CAPACITY - 1);
    wall->failure->message[EFI_MESSAGE_CAPACITY - 1] = 0;
  }
  longjmp(wall->escape, 1);
}

bool efi_buffer_reserve(efi_buffer *buffer, size_t more) {
  if (buffer->capacity - buffer->count >= more) return true;
  size_t capacity = buffer->capacity ? buffer->capacity : 1 << 16;
  while (capacity - buffer->count < more) {
    if (capacity > SIZE_MAX / 2) return false;
    capacity *= 2;
  }
  uint8_t *bytes = realloc(buffer->bytes, capacity);
  if (!bytes) return false;
  buffer->bytes = bytes;
  buffer->capacity = capacity;
  return true;
}

void efi_buffer_free(efi_buffer *buffer) {
  free(buffer->bytes);
  *buffer = (efi_buffer){0};
}

uint64_t efi_physical_memory(void) {
#if defined(__APPLE__)
  uint64_t bytes = 0;
  size_t size = sizeof bytes;
  return sysctlbyname("hw.memsize", &bytes, &size, NULL, 0) == 0 ? bytes : 0;
#else
  long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
  return pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size : 0;
#endif
}

uint32_t efi_crc32(uint32_t crc, const uint8_t *bytes, size_t count) {
  // The polynomial of ISO 3309, four bits at a time: chunks coded here are small.
  static const uint32_t table[16] = {
      0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158,
      0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4,
      0xa00ae278, 0xbdbdf21c};
  crc = ~crc;
  for (size_t i = 0; i < count; i++) {
    crc ^= bytes[i];
    crc = table[crc & 15] ^ (crc >> 4);
    crc = table[crc & 15] ^ (crc >> 4);
  }
  return ~crc;
}
