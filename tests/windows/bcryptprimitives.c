/* Stands in for the library of this name, which Wine has only since 8.17: without it, a program of Rust ends at once, with
 * status 53. The random bytes are those of advapi32. */
#include <windows.h>
#include <ntsecapi.h>

__declspec(dllexport) BOOL WINAPI ProcessPrng(BYTE *bytes, SIZE_T length)
{
    const ULONG most = 1 << 20;
    while (length > 0) {
        ULONG now = length < most ? (ULONG)length : most;
        if (!RtlGenRandom(bytes, now))
            return FALSE;
        bytes += now;
        length -= now;
    }
    return TRUE;
}
