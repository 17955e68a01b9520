#!/usr/bin/python3
"""Reference for sign-vote training on Fashion-MNIST, written against PyTorch alone (Debian: python3-torch,
dataset-fashion-mnist). Prints one JSON line per evaluation. It shares no code with the project: it is the
independent figure that the project's accuracy is held against.

  vote_reference.py --algorithm signum --clients 10 --rounds 1000 --batch 32 --lr 1e-3 --partition iid

Here it is the plain loop that Psephos is timed against (openblas.py says what on). One thing is added to the reference:
rounds_per_s, which leaves evaluations out.
"""
import argparse, gzip, json, time
import numpy as np, torch

def idx(path):
    with gzip.open(path) as f: raw = f.read()
    nd = raw[3]; dims = [int.from_bytes(raw[4+4*i:8+4*i], 'big') for i in range(nd)]
    return np.frombuffer(raw, np.uint8, offset=4+4*nd).reshape(dims)

def load(root='/usr/share/datasets/fashion-mnist'):
    a = idx(f'{root}/train-images-idx3-ubyte.gz'); b = idx(f'{root}/train-labels-idx1-ubyte.gz')
    c = idx(f'{root}/t10k-images-idx3-ubyte.gz'); d = idx(f'{root}/t10k-labels-idx1-ubyte.gz')
    f = lambda z: torch.tensor(z.reshape(len(z), -1).astype(np.float32)/255.0)
    return f(a), torch.tensor(b.astype(np.int64)), f(c), torch.tensor(d.astype(np.int64))

def net(kind):
    if kind == 'softmax': return torch.nn.Linear(784, 10)
    if kind == 'mlp': return torch.nn.Sequential(torch.nn.Linear(784,128), torch.nn.ReLU(), torch.nn.Linear(128,10))
    if kind == 'cnn': return torch.nn.Sequential(torch.nn.Unflatten(1,(1,28,28)),
        torch.nn.Conv2d(1,16,5), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
        torch.nn.Conv2d(16,32,5), torch.nn.ReLU(), torch.nn.MaxPool2d(2), torch.nn.Flatten(),
        torch.nn.Linear(512,128), torch.nn.ReLU(), torch.nn.Linear(128,10))

def split(y, M, how, rng):
    n = len(y)
    if how == 'iid': return np.array_split(rng.permutation(n), M)
    if how.startswith('shards'):            # shards:2 -> each client sees about 2 classes
        s = int(how.split(':')[1]); order = np.argsort(y.numpy(), kind='stable'); parts = np.array_split(order, M*s)
        ids = rng.permutation(M*s); return [np.concatenate([parts[j] for j in ids[i*s:(i+1)*s]]) for i in range(M)]
    a = float(how.split(':')[1])            # dirichlet:0.1
    out = [[] for _ in range(M)]
    for c in range(10):
        ids = rng.permutation(np.where(y.numpy()==c)[0]); p = rng.dirichlet([a]*M)
        for m, part in enumerate(np.split(ids, (np.cumsum(p)*len(ids)).astype(int)[:-1])): out[m].extend(part)
    return [np.array(o) if len(o) else np.array([0]) for o in out]

ap = argparse.ArgumentParser()
for k, d in dict(algorithm='signum', model='mlp', partition='iid').items(): ap.add_argument('--'+k, default=d)
for k, d in dict(clients=10, rounds=1000, batch=32, every=200, seed=1, byzantine=0).items(): ap.add_argument('--'+k, type=int, default=d)
for k, d in dict(lr=1e-3, beta=0.9, wd=0.0, abstain=0.0, quorum=0.0, noise=0.0).items(): ap.add_argument('--'+k, type=float, default=d)
ap.add_argument('--schedule', default='const'); ap.add_argument('--attack', default='invert')
A = ap.parse_args(); torch.manual_seed(A.seed); torch.set_num_threads(1); rng = np.random.default_rng(A.seed)
X, Y, XT, YT = load(); net_ = net(A.model); ps = list(net_.parameters()); parts = split(Y, A.clients, A.partition, rng)
parts = [torch.tensor(p) for p in parts]; d = sum(p.numel() for p in ps); mom = torch.zeros(A.clients, d)
flat = lambda ts: torch.cat([t.reshape(-1) for t in ts]); am = av = None; t0 = time.time(); gtime = etime = 0.0
def lr(k):
    if A.schedule == 'const': return A.lr
    if A.schedule == 'sqrt': return A.lr/np.sqrt(k+1)
    if A.schedule == 'cosine': return A.lr*0.5*(1+np.cos(np.pi*k/A.rounds))
for k in range(A.rounds):
    tot = torch.zeros(d)
    for m in range(A.clients):
        b = parts[m][torch.randint(len(parts[m]), (A.batch,))]; t1 = time.time(); net_.zero_grad()
        torch.nn.functional.cross_entropy(net_(X[b]), Y[b]).backward(); gtime += time.time()-t1
        g = flat([p.grad for p in ps])
        if A.algorithm in ('signsgd','signum'):
            if A.algorithm == 'signum': mom[m].mul_(A.beta).add_(g, alpha=1-A.beta); v = mom[m]
            else: v = g
            if A.noise: v = v + A.noise*torch.randn(d)
            s = torch.sign(v)
            if A.abstain: s[v.abs() <= A.abstain*v.abs().mean()] = 0
            if m < A.byzantine: s = -s if A.attack == 'invert' else torch.sign(torch.randn(d))
            tot += s
        else: tot += g/A.clients
    with torch.no_grad():
        if A.algorithm in ('signsgd','signum'): u = torch.sign(tot)*(tot.abs() > A.quorum*A.clients).float() if A.quorum else torch.sign(tot)
        elif A.algorithm == 'sgd':
            am = tot.clone() if am is None else A.beta*am + tot; u = am
        else:
            am = torch.zeros(d) if am is None else am; av = torch.zeros(d) if av is None else av
            am.mul_(.9).add_(tot, alpha=.1); av.mul_(.999).addcmul_(tot, tot, value=.001)
            u = (am/(1-.9**(k+1)))/((av/(1-.999**(k+1))).sqrt()+1e-8)
        o = 0
        for p in ps:
            p.mul_(1-lr(k)*A.wd); p.sub_(lr(k)*u[o:o+p.numel()].view_as(p)); o += p.numel()
    if (k+1) % A.every == 0 or k+1 == A.rounds:
        t1 = time.time()
        with torch.no_grad(): acc = (net_(XT).argmax(1)==YT).float().mean().item()
        etime += time.time()-t1; wall = time.time()-t0
        print(json.dumps(dict(round=k+1, accuracy=round(acc,4), wall_s=round(wall,2), gradient_s=round(gtime,2), d=d, rounds_per_s=round((k+1)/(wall-etime),2))), flush=True)
