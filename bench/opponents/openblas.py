"""What every opponent needs before it may be timed: PyTorch or numpy on OpenBLAS, with kernels made
for this processor. Debian's PyTorch runs on whatever libblas.so.3 is, by default the reference
BLAS, which is ten times slower: a comparison with that would be worth nothing, so a program that
finds it ends with a sentence. Run by itself it prints what PyTorch was found to run on.
"""
import ctypes
import glob
import json
import os
import sys
import time

LEAST_GFLOPS = 8  # of one core; OpenBLAS's SSE kernels reach 30 on a PC, the reference BLAS 2 to 5
OLD_KERNELS = ('Prescott', 'Core2', 'Nehalem', 'Generic', 'GENERIC')


def settle():
    """Runs this program anew with OpenBLAS where Debian keeps it, one thread, and kernels for a
    processor that OpenBLAS knows; only once, and not where the caller has settled that."""
    if 'OPENBLAS_NUM_THREADS' in os.environ:
        return
    settled = {'OPENBLAS_NUM_THREADS': '1', 'OMP_NUM_THREADS': '1'}
    folders = glob.glob('/usr/lib/*/openblas-pthread')
    if folders:
        settled['LD_LIBRARY_PATH'] = folders[0]
    if processor_has('avx2'):
        settled['OPENBLAS_CORETYPE'] = 'SkylakeX' if processor_has('avx512vl') else 'Haswell'
    os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **settled})


def mapped_libraries():
    with open('/proc/self/maps') as maps:
        return sorted({line.split()[-1] for line in maps if '/' in line and '.so' in line})


def core_name():
    """The processor whose kernels OpenBLAS uses: Haswell's are AVX2, SkylakeX's AVX-512."""
    for path in mapped_libraries():
        if 'libopenblas' in path:
            name = ctypes.CDLL(path).openblas_get_corename
            name.restype = ctypes.c_char_p
            return name().decode()
    return ''


def processor_has(flag):
    with open('/proc/cpuinfo') as info:
        return any(line.startswith('flags') and flag in line.split() for line in info)


def measure_gflops(matmul, seconds=0.3):
    """The best rate of matmul(), which multiplies 320 x 784 by 784 x 128, as a forward pass."""
    matmul()
    best, end = 0.0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        begin = time.perf_counter()
        for _ in range(5):
            matmul()
        best = max(best, 5 * 2e-9 * 320 * 784 * 128 / (time.perf_counter() - begin))
    return best


def require(matmul):
    """Ends the program unless matmul() runs on OpenBLAS as it should; else what was found."""
    gflops = measure_gflops(matmul)
    blas = [path for path in mapped_libraries() if 'blas' in path.rsplit('/', 1)[-1]]
    # OpenBLAS's LAPACK beside the reference BLAS is possible, and as slow.
    others = [path for path in blas if 'openblas' not in path]
    core = core_name()
    if others or not core:
        refuse(f'this runs on {", ".join(others) or "no BLAS"}, not on OpenBLAS; install '
               'libopenblas0-pthread and name its folder in LD_LIBRARY_PATH (on a PC '
               '/usr/lib/x86_64-linux-gnu/openblas-pthread)')
    if processor_has('avx2') and core in OLD_KERNELS:
        refuse(f'OpenBLAS does not know this processor and took its {core} kernels (SSE); set '
               'OPENBLAS_CORETYPE=Haswell, or =SkylakeX where there is AVX-512')
    if gflops < LEAST_GFLOPS:
        refuse(f'OpenBLAS multiplies at {gflops:.1f} GFLOP/s here, under {LEAST_GFLOPS}')
    return {'blas_core': core, 'blas_gflops': round(gflops, 1)}


def refuse(why):
    sys.exit(f'{sys.argv[0]}: {why}; a comparison would be worth nothing')


def main():
    import torch
    torch.set_num_threads(1)
    a, b = torch.rand(320, 784), torch.rand(784, 128)
    print(json.dumps(require(lambda: torch.mm(a, b))))


if __name__ == '__main__':
    main()
