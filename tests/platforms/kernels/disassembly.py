#!/usr/bin/env python3
"""Reads what the compiler made of the ARM kernels, because no emulator can tell how fast they are.

  disassembly.py cost OBJDUMP OBJECT NAME[=LIMIT]...
      Prints, for the functions whose names begin with NAME, the instructions of their innermost
      packing loop per four floats, loads and loop control included. Fails beyond LIMIT, and when
      there is no such loop.
  disassembly.py vfp OBJDUMP OBJECT...
      Fails when an ARMv7 object computes with floats in NEON registers, where denormals are lost.
"""

import re
import subprocess
import sys

FUNCTION = re.compile(r"^[0-9a-f]+ <(.+)>:$")
INSTRUCTION = re.compile(r"^\s*([0-9a-f]+):\s+(\S+)\s*(.*?)\s*$")
BRANCH = re.compile(r"^(b(\.?(eq|ne|cs|cc|hs|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le|any|none))?"
                    r"|cbn?z|tbn?z)(\.[nw])?$")
TARGET = re.compile(r"(?:0x)?([0-9a-f]+) <")


def disassemble(objdump, objects):
    """[(function, [(address, mnemonic, operands)])] of all objects."""
    text = subprocess.run(
        [objdump, "--disassemble", "--demangle", "--no-show-raw-insn", *objects],
        check=True, capture_output=True, text=True).stdout
    functions = []
    for line in text.splitlines():
        if match := FUNCTION.match(line):
            functions.append((match[1], []))
        elif functions and (match := INSTRUCTION.match(line)):
            functions[-1][1].append((int(match[1], 16), match[2], match[3]))
    return functions


def innermost_loops(code):
    """Instructions from every backward branch's target to the branch, no other loop inside."""
    place = {address: i for i, (address, _, _) in enumerate(code)}
    loops = []
    for end, (_, mnemonic, operands) in enumerate(code):
        target = TARGET.search(operands)
        if BRANCH.match(mnemonic) and target:
            start = place.get(int(target[1], 16), end + 1)
            if start <= end:
                loops.append((start, end))
    return [code[a:b + 1] for a, b in loops
            if not any((c, d) != (a, b) and a <= c and d <= b for c, d in loops)]


def registers_in(operands):
    """How many registers an operand list names: v0, {v0.4s, v1.4s} or {v0.16b-v3.16b}."""
    names = re.match(r"\{(.*?)\}|([^\[]*)", operands)
    names = names[1] if names[1] is not None else names[2]
    count = 0
    for part in filter(None, (part.strip() for part in names.split(","))):
        span = re.match(r"[dqv](\d+)(?:\.\w+)?\s*-\s*[dqv](\d+)", part)
        if span:
            count += int(span[2]) - int(span[1]) + 1
        elif re.match(r"[dqv]\d+", part):
            count += 1
    return count


def floats_loaded(mnemonic, operands):
    """Floats that a vector load brings in; 0 for other instructions and for spilled registers."""
    if not re.match(r"(ldp|ldu?r|ld[1-4]|vld\w*)(\.\w+)?$", mnemonic) or "[sp" in operands:
        return 0
    width = 2 if re.match(r"\{?\s*d\d", operands) else 4
    return width * registers_in(operands)


def packing_loop(functions, name):
    """(instructions, floats) of the busiest innermost loop that shifts and inserts, or None."""
    best = None
    for function, code in functions:
        if not re.search(rf"::{re.escape(name)}\w*(<.*>)?\(", function):
            continue
        for loop in innermost_loops(code):
            inserts = sum(mnemonic.split(".")[0] in ("sri", "vsri") for _, mnemonic, _ in loop)
            floats = sum(floats_loaded(mnemonic, operands) for _, mnemonic, operands in loop)
            if inserts and floats and (best is None or inserts > best[0]):
                best = (inserts, len(loop), floats)
    return best and best[1:]


def cost(objdump, path, *names):
    functions = disassemble(objdump, [path])
    failed = False
    for name, _, limit in (entry.partition("=") for entry in names):
        loop = packing_loop(functions, name)
        if loop is None:
            print(f"{name}: no loop of shift-and-insert instructions in {path}")
            failed = True
            continue
        per_four = 4 * loop[0] / loop[1]
        verdict = ""
        if limit:
            holds = per_four <= float(limit)
            failed |= not holds
            verdict = f", at most {limit}: {'holds' if holds else 'DOES NOT HOLD'}"
        print(f"{name}: {loop[0]} instructions for {loop[1]} floats, {per_four:.2f} per four"
              f"{verdict}")
    return 1 if failed else 0


def vfp(objdump, *objects):
    functions = disassemble(objdump, objects)
    found = 0
    total = 0
    for function, code in functions:
        for address, mnemonic, operands in code:
            total += 1
            if ".f32" in mnemonic and ".f64" not in mnemonic and re.match(r"[dq]\d", operands):
                print(f"NEON computes with floats: {function}, {address:#x}: {mnemonic} {operands}")
                found += 1
    print(f"{total} instructions in {len(functions)} functions, {found} of them NEON arithmetic on "
          "floats")
    return 1 if found or not functions else 0


def main(arguments):
    commands = {"cost": (cost, 3), "vfp": (vfp, 2)}
    command, least = commands.get(arguments[0] if arguments else "", (None, 0))
    if command is None or len(arguments) - 1 < least:
        print(__doc__, file=sys.stderr)
        return 2
    return command(*arguments[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
