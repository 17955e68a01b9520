"""Runs what bench/train_speed.sh measures and says which figures hold. Standard library only.

Comparisons are interleaved, A B A B, and the best of the repeats counts for either side: other work
on the machine makes a program slower and never faster.
"""
import argparse
import glob
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
OPPONENTS = os.path.join(HERE, 'opponents')
PYTHON = '/usr/bin/python3'  # Debian's, which knows python3-torch
STEP_TIMEOUT_S = 1800
PARTS = ['gradient', 'rounds', 'protocol', 'cnn', 'thousand', 'ten-thousand', 'hundred-thousand',
         'accuracy']
REPEATS, QUICK_REPEATS, SLOW_STEPS_REPEATS = 5, 2, 3
ROUNDS = 1000  # of a timed run with mlp:128: a whole training
LOOP_ROUNDS = 300
CNN_ROUNDS, CNN_LOOP_ROUNDS = 120, 60
SEEDS = (2, 3, 4)  # of the 1,000-client shape: both sides' rates were chosen on seed 1
ACCURACY_SEEDS = (1, 2, 3)

TEN_CLIENTS = ['--clients', '10', '--batch', '32', '--algorithm', 'signum', '--schedule', 'cosine',
               '--eval-every', '0']
THOUSAND = ['--clients', '1000', '--fraction', '0.01', '--model', 'softmax', '--batch', '10',
            '--local-steps', 'epoch', '--rounds', '100', '--eval-every', '20',
            '--algorithm', 'signsgd', '--ballot', 'threshold:0.5', '--schedule', 'cosine',
            '--lr', '0.03', '--local-lr', '0.3']
FEDAVG = ['--clients', '1000', '--per-round', '10', '--model', 'softmax', '--batch', '10',
          '--rounds', '100', '--every', '20']
CROWD = ['--model', 'mlp:128', '--algorithm', 'signsgd', '--batch', '32', '--rounds', '100',
         '--eval-every', '0']
HUNDRED_THOUSAND = ['--clients', '100000', '--max-clients', '100000', '--fraction', '0.001',
                    '--partition', 'random:60', '--model', 'softmax', '--algorithm', 'signsgd',
                    '--rounds', '100', '--eval-every', '0', '--audience', 'drawn']

# Ways to use two cores; the fastest is held against us.
TUNED_VARIANTS = {
    '1 worker': ['--workers', '1'],
    '2 processes': ['--workers', '2', '--by', 'processes'],
    '2 Python threads': ['--workers', '2', '--by', 'threads'],
    '2 BLAS threads': ['--workers', '1', '--torch-threads', '2'],
}


def say(text):
    print(f'train_speed: {text}', file=sys.stderr, flush=True)


# ---- the machine


def processor():
    """The processor's name and what it can do, as Linux tells."""
    name, flags = 'unknown', set()
    with open('/proc/cpuinfo') as info:
        for line in info:
            key, _, value = line.partition(':')
            if key.strip() == 'model name':
                name = value.strip()
            elif key.strip() == 'flags':
                flags = set(value.split())
    return name, flags


def kernel_sets(flags):
    """The instruction sets PyTorch is timed with: words and environment, by a suffix of figures.

    OpenBLAS is told which processor it has. Left alone it takes SSE kernels, at a fifth of the
    speed, on processors younger than itself; and the figures to reach are for an AVX2 machine.
    """
    folders = glob.glob('/usr/lib/*/openblas-pthread')
    common = {'LD_LIBRARY_PATH': folders[0]} if folders else {}
    common['OPENBLAS_NUM_THREADS'] = common['OMP_NUM_THREADS'] = '1'
    if 'avx2' not in flags:
        return {'': ('own kernels', common)}
    sets = {'': ('AVX2', {**common, 'OPENBLAS_CORETYPE': 'Haswell', 'DNNL_MAX_CPU_ISA': 'AVX2',
                          'ATEN_CPU_CAPABILITY': 'avx2'})}
    if {'avx512f', 'avx512bw', 'avx512dq', 'avx512vl'} <= flags:
        sets['_avx512'] = ('AVX-512', {**common, 'OPENBLAS_CORETYPE': 'SkylakeX'})
    return sets


# ---- running programs


class Trouble(Exception):
    """Why a step has no figures."""


def finish(process):
    """Waits; the seconds from now and the peak memory. subprocess itself would not tell memory."""
    begin = time.monotonic()
    watchdog = threading.Timer(STEP_TIMEOUT_S, process.kill)
    watchdog.start()
    try:
        _, status, usage = os.wait4(process.pid, 0)
    except BaseException:
        process.kill()
        raise
    finally:
        watchdog.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    return {'process_s': time.monotonic() - begin, 'peak_mb': usage.ru_maxrss * 1024 / 1e6}


def answer_of(command, environment):
    """The last line of a program's stdout, which is JSON, and what the process took as a whole."""
    if not os.path.exists(command[0]):
        raise Trouble('skipped: not built')
    with tempfile.TemporaryFile('w+') as out, tempfile.TemporaryFile('w+') as err:
        process = subprocess.Popen(command, stdout=out, stderr=err, stdin=subprocess.DEVNULL,
                                   env={**os.environ, **environment})
        took = finish(process)
        out.seek(0)
        err.seek(0)
        lines, complaints = out.read().strip().splitlines(), err.read().strip().splitlines()
    if process.returncode == -signal.SIGKILL:
        raise Trouble(f'failed: killed (a step may take {STEP_TIMEOUT_S} s)')
    if process.returncode != 0:
        last_words = (complaints or lines or ['not a word'])[-1]
        raise Trouble(f'failed: exit status {process.returncode}: {last_words}')
    try:
        return {**json.loads(lines[-1]), **took}
    except (IndexError, ValueError):
        raise Trouble('failed: its last line is not JSON') from None


class Bench:
    """Runs steps; keeps by name every answer, or the trouble that ended a step."""

    def __init__(self, programs, repeats):
        self.programs, self.repeats = programs, repeats
        self.slow_repeats = min(repeats, SLOW_STEPS_REPEATS)
        self.processor, flags = processor()
        self.kernels = kernel_sets(flags)
        self.answers, self.troubles = {}, {}

    def step(self, name, command, environment=None, tell='rounds_per_s'):
        if name in self.troubles:
            return
        try:
            answer = answer_of(command, environment or {})
        except Trouble as trouble:
            self.troubles[name] = str(trouble)
            say(f'{name}: {trouble}')
            return
        self.answers.setdefault(name, []).append(answer)
        say(f'{name}: {tell} {answer.get(tell)}')

    def simulate(self, name, arguments, **keywords):
        program = os.path.join(self.programs, 'psephos-simulate')
        self.step(name, [program, *arguments, '--json', '--quiet'], **keywords)

    def measure(self, name, program, arguments, **keywords):
        self.step(name, [os.path.join(self.programs, '..', 'bench', program), *arguments],
                  **keywords)

    def oppose(self, name, program, arguments, environment, **keywords):
        self.step(name, [PYTHON, os.path.join(OPPONENTS, program), *arguments],
                  environment=environment, **keywords)

    def best(self, name, key='rounds_per_s'):
        """The answer with the highest key, or None."""
        return max(self.answers.get(name, []), key=lambda answer: answer[key], default=None)

    def values(self, name, key):
        return [answer[key] for answer in self.answers.get(name, [])]


# ---- the parts


def measure_gradient(bench):
    for model in ('mlp:128', 'cnn'):
        bench.measure(f'gradient {model}', 'gradient_speed', ['--model', model],
                      tell='gradient_share_of_peak')


def measure_rounds(bench):
    for repeat in range(bench.repeats):
        for threads in (1, 2):
            bench.simulate(f'psephos mlp:128, {threads} threads', [
                *TEN_CLIENTS, '--model', 'mlp:128', '--rounds', str(ROUNDS),
                '--threads', str(threads)])
        for words, environment in bench.kernels.values():
            for variant, arguments in TUNED_VARIANTS.items():
                blas_threads = '2' if 'BLAS' in variant else '1'
                bench.oppose(f'tuned PyTorch, {words}, {variant}', 'torch_tuned.py', [
                    *arguments, '--rounds', str(ROUNDS), '--schedule', 'cosine'],
                    {**environment, 'OPENBLAS_NUM_THREADS': blas_threads})
            if repeat < bench.slow_repeats:
                bench.oppose(f'plain PyTorch, {words}, mlp:128', 'vote_reference.py', [
                    '--rounds', str(LOOP_ROUNDS), '--every', str(LOOP_ROUNDS)], environment)


def measure_protocol(bench):
    for _ in range(bench.slow_repeats):
        bench.measure('protocol', 'protocol_speed', [],
                      tell='protocol_ns_per_parameter_per_client')


def measure_cnn(bench):
    for _ in range(bench.slow_repeats):
        for threads in (1, 2):
            bench.simulate(f'psephos cnn, {threads} threads', [
                *TEN_CLIENTS, '--model', 'cnn', '--rounds', str(CNN_ROUNDS),
                '--threads', str(threads)])
        for words, environment in bench.kernels.values():
            bench.oppose(f'plain PyTorch, {words}, cnn', 'vote_reference.py', [
                '--model', 'cnn', '--rounds', str(CNN_LOOP_ROUNDS), '--every',
                str(CNN_LOOP_ROUNDS)], environment)


def measure_thousand(bench):
    for seed in SEEDS:
        bench.simulate('1,000 clients', [*THOUSAND, '--seed', str(seed)], tell='accuracy')
        bench.oppose('FedAvg', 'fedavg.py', [*FEDAVG, '--seed', str(seed)],
                     bench.kernels[''][1], tell='accuracy')


def measure_ten_thousand(bench):
    for _ in range(bench.slow_repeats):
        bench.simulate('100 clients, all vote', [*CROWD, '--clients', '100'])
        for audience in ('drawn', 'all'):
            bench.simulate(f'10,000 clients, told {audience}', [
                *CROWD, '--clients', '10000', '--fraction', '0.01', '--audience', audience])


def measure_hundred_thousand(bench):
    bench.simulate('100,000 clients', HUNDRED_THOUSAND)


def measure_accuracy(bench):
    for seed in ACCURACY_SEEDS:
        bench.simulate('cnn accuracy', [
            *TEN_CLIENTS, '--model', 'cnn', '--rounds', '1000', '--seed', str(seed)],
            tell='accuracy')


MEASURE = dict(zip(PARTS, [measure_gradient, measure_rounds, measure_protocol, measure_cnn,
                           measure_thousand, measure_ten_thousand, measure_hundred_thousand,
                           measure_accuracy]))


# ---- the figures


def mean(values):
    return sum(values) / len(values) if values else None


def quotient(a, b):
    return a / b if a is not None and b else None


def figure(bench, name, key='rounds_per_s'):
    best = bench.best(name, key)
    return best[key] if best else None


def gradient_figures(bench):
    figures = {}
    for model, prefix in (('mlp:128', ''), ('cnn', 'cnn_')):
        answer = bench.best(f'gradient {model}', 'gradient_gflops') or {}
        for key in ('fma_peak_gflops', 'gradient_gflops', 'gradient_share_of_peak',
                    'gradient_gflops_per_core_2', 'gradient_share_of_peak_2', 'gradient_us'):
            figures[prefix + key] = answer.get(key)
        figures.setdefault('arithmetic', answer.get('arithmetic'))
    return figures


def rounds_figures(bench):
    figures = {f'rounds_per_s_{threads}': figure(bench, f'psephos mlp:128, {threads} threads')
               for threads in (1, 2)}
    alone = bench.best('psephos mlp:128, 1 threads')
    figures['protocol_share'] = 1 - alone['gradient_s'] / alone['wall_s'] if alone else None
    figures['psephos_accuracy'] = alone and alone['accuracy']
    for suffix, (words, _) in bench.kernels.items():
        tuned = {variant: figure(bench, f'tuned PyTorch, {words}, {variant}')
                 for variant in TUNED_VARIANTS}
        measured = {variant: rate for variant, rate in tuned.items() if rate is not None}
        fastest = max(measured, key=measured.get, default=None)
        loop = figure(bench, f'plain PyTorch, {words}, mlp:128')
        figures.update({
            f'torch_tuned_rounds_per_s{suffix}': measured.get(fastest),
            f'torch_tuned_fastest{suffix}': fastest,
            f'torch_tuned_variants{suffix}': tuned,
            f'torch_loop_rounds_per_s{suffix}': loop,
            f'times_torch_tuned{suffix}': quotient(figures['rounds_per_s_2'],
                                                   measured.get(fastest)),
            f'times_torch_loop{suffix}': quotient(figures['rounds_per_s_2'], loop),
        })
        best = fastest and bench.best(f'tuned PyTorch, {words}, {fastest}')
        figures[f'torch_tuned_accuracy{suffix}'] = best and best['accuracy']
        figures[f'blas_gflops{suffix}'] = best and best['blas_gflops']
    return figures


def protocol_figures(bench):
    answers = bench.answers.get('protocol')
    if not answers:
        return {'protocol_ns_per_parameter_per_client': None}
    best = min(answers, key=lambda answer: answer['protocol_ns_per_parameter_per_client'])
    return {'protocol_ns_per_parameter_per_client': best['protocol_ns_per_parameter_per_client'],
            'protocol': {key: value for key, value in best.items()
                         if key not in ('process_s', 'peak_mb')}}


def cnn_figures(bench):
    figures = {f'cnn_rounds_per_s_{threads}': figure(bench, f'psephos cnn, {threads} threads')
               for threads in (1, 2)}
    for suffix, (words, _) in bench.kernels.items():
        loop = figure(bench, f'plain PyTorch, {words}, cnn')
        figures[f'cnn_torch_loop_rounds_per_s{suffix}'] = loop
        figures[f'cnn_times_torch_loop{suffix}'] = quotient(figures['cnn_rounds_per_s_1'], loop)
    return figures


def crowd_figures(bench):
    hundred = figure(bench, '100 clients, all vote')
    figures = {
        'thousand_process_s': max(bench.values('1,000 clients', 'process_s'), default=None),
        'thousand_peak_mb': max(bench.values('1,000 clients', 'peak_mb'), default=None),
        'thousand_accuracy': mean(bench.values('1,000 clients', 'accuracy')),
        'fedavg_accuracy': mean(bench.values('FedAvg', 'accuracy')),
        'hundred_rounds_per_s': hundred,
        'hundred_thousand_process_s': figure(bench, '100,000 clients', 'process_s'),
        'hundred_thousand_ms_per_round': None,
        'hundred_thousand_peak_mb': figure(bench, '100,000 clients', 'peak_mb'),
    }
    rate = figure(bench, '100,000 clients')
    figures['hundred_thousand_ms_per_round'] = quotient(1000, rate)
    for audience in ('drawn', 'all'):
        name = f'10,000 clients, told {audience}'
        figures[f'ten_thousand_{audience}_rounds_per_s'] = figure(bench, name)
        figures[f'ten_thousand_{audience}_times_hundred'] = quotient(hundred, figure(bench, name))
        figures[f'ten_thousand_{audience}_peak_mb'] = max(bench.values(name, 'peak_mb'),
                                                          default=None)
    return figures


def figures_of(bench):
    return {**gradient_figures(bench), **rounds_figures(bench), **protocol_figures(bench),
            **cnn_figures(bench), **crowd_figures(bench),
            'cnn_accuracy': mean(bench.values('cnn accuracy', 'accuracy')),
            'cnn_accuracies': bench.values('cnn accuracy', 'accuracy')}


# ---- the table


def table_rows(bench):
    """(part, words, key of the figure, format, comparison, target)."""
    rows = [
        ('gradient', 'mlp:128 gradient, share of FMA peak, one core', 'gradient_share_of_peak',
         '.3f', '>=', 0.60),
        ('gradient', 'mlp:128 gradient, share per core on two', 'gradient_share_of_peak_2',
         '.3f', '>=', 0.55),
    ]
    for suffix, (words, _) in bench.kernels.items():
        rows += [
            ('rounds', f'2 threads, times the fastest PyTorch ({words})',
             f'times_torch_tuned{suffix}', '.2f', '>=', 1.3),
            ('rounds', f'2 threads, times the plain loop ({words}, 1 thread)',
             f'times_torch_loop{suffix}', '.2f', '>=', 4.5),
        ]
    rows += [
        ('protocol', 'protocol, ns per parameter per client',
         'protocol_ns_per_parameter_per_client', '.3f', '<=', 1.0),
        ('rounds', 'share of a round that is not gradient (1 thread)', 'protocol_share',
         '.3f', None, None),
    ]
    for suffix, (words, _) in bench.kernels.items():
        rows.append(('cnn', f'cnn, 1 thread, times the plain loop ({words})',
                     f'cnn_times_torch_loop{suffix}', '.2f', '>=', 2.0))
    rows += [
        ('thousand', '1,000 clients, whole process, s (slowest seed)', 'thousand_process_s',
         '.2f', '<=', 2.0),
        ('thousand', '1,000 clients, peak MB', 'thousand_peak_mb', '.0f', '<=', 300),
        ('thousand', '1,000 clients, accuracy, mean of seeds', 'thousand_accuracy',
         '.4f', None, None),
        ('thousand', 'FedAvg, the same shape, accuracy', 'fedavg_accuracy', '.4f', None, None),
    ]
    for audience in ('drawn', 'all'):
        rows += [
            ('ten-thousand', f'10,000 clients (told {audience}), round, times 100 clients',
             f'ten_thousand_{audience}_times_hundred', '.2f', '<=', 1.5),
            ('ten-thousand', f'10,000 clients (told {audience}), peak MB',
             f'ten_thousand_{audience}_peak_mb', '.0f', '<=', 1000),
        ]
    return rows + [
        ('hundred-thousand', '100,000 clients, ms per round', 'hundred_thousand_ms_per_round',
         '.2f', 'runs', None),
        ('hundred-thousand', '100,000 clients, peak MB', 'hundred_thousand_peak_mb',
         '.0f', None, None),
        ('accuracy', 'cnn, 1,000 rounds, accuracy, mean of seeds', 'cnn_accuracy',
         '.4f', '>=', 0.888),
    ]


def verdict(value, comparison, target):
    if comparison is None:
        return 'stated'
    if comparison == 'runs':
        return 'holds'
    return 'holds' if (value >= target if comparison == '>=' else value <= target) else 'misses'


def print_table(bench, figures, parts):
    """Prints every row whose part ran; the verdicts."""
    print(f'{"figure":56} {"measured":>9} {"target":>9}  verdict')
    verdicts = []
    for part, words, key, form, comparison, target in table_rows(bench):
        if part not in parts:
            continue
        value = figures[key]
        goal = f'{comparison} {target}' if target is not None else comparison or '-'
        said = 'no figure' if value is None else verdict(value, comparison, target)
        measured = '-' if value is None else format(value, form)
        print(f'{words:56} {measured:>9} {goal:>9}  {said}')
        verdicts.append(said)
    return verdicts


def print_profile(figures):
    """Where a round's time goes: what a miss is explained with."""
    share, alone = figures['protocol_share'], figures['rounds_per_s_1']
    if alone:
        per_client = 1e6 / alone / 10
        print(f'one thread, mlp:128: {per_client:.0f} us per client and round, of which gradient '
              f'{per_client * (1 - share):.0f}, all else {per_client * share:.0f}')
    if figures.get('protocol'):
        print(f'protocol: {json.dumps(figures["protocol"])}')


def report(bench, parts):
    figures = figures_of(bench)
    print(f'{bench.processor}, {os.cpu_count()} cores; best of interleaved repeats '
          f'({bench.repeats}, of slow steps {bench.slow_repeats})')
    verdicts = print_table(bench, figures, parts)
    print_profile(figures)
    for name, trouble in bench.troubles.items():
        print(f'{name}: {trouble}')
    print(json.dumps({
        **{key: round(value, 4) if isinstance(value, float) else value
           for key, value in figures.items()},
        'processor': bench.processor, 'repeats': bench.repeats, 'troubles': bench.troubles}),
        flush=True)
    return verdicts


def require_openblas(bench):
    """Ends everything if PyTorch runs on another BLAS: figures beside it would mislead."""
    for words, environment in bench.kernels.values():
        try:
            found = answer_of([PYTHON, os.path.join(OPPONENTS, 'openblas.py')], environment)
        except Trouble as trouble:
            sys.exit(f'train_speed: PyTorch is no opponent here: {trouble}')
        say(f'PyTorch, {words}: OpenBLAS with {found["blas_core"]} kernels, '
            f'{found["blas_gflops"]} GFLOP/s on one thread')


def options_of_command_line():
    parser = argparse.ArgumentParser(prog='bench/train_speed.sh', add_help=False,
                                     usage='see bench/train_speed.sh --help')
    parser.add_argument('--programs')
    parser.add_argument('--only', action='append', choices=PARTS)
    parser.add_argument('--quick', action='store_true')
    parser.add_argument('--accuracy', action='store_true')
    parser.add_argument('--strict', action='store_true')
    parser.add_argument('--check-options', action='store_true')
    return parser.parse_args()


def main():
    options = options_of_command_line()
    if options.check_options:
        return 0
    parts = options.only or [part for part in PARTS if part != 'accuracy']
    if options.accuracy and 'accuracy' not in parts:
        parts.append('accuracy')
    bench = Bench(options.programs, QUICK_REPEATS if options.quick else REPEATS)
    if {'rounds', 'cnn', 'thousand'} & set(parts):
        require_openblas(bench)
    for part in PARTS:
        if part in parts:
            MEASURE[part](bench)
    verdicts = report(bench, parts)
    if any(trouble.startswith('failed') for trouble in bench.troubles.values()):
        return 1
    return 1 if options.strict and {'misses', 'no figure'} & set(verdicts) else 0


if __name__ == '__main__':
    sys.exit(main())
