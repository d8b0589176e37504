"""Muon for the hidden matrices: momentum, then the update's singular values brought to one.

Matrices of one shape are stacked and worked on together, which on a small CPU is several
times faster than one by one.
"""
import torch


def orthogonal(g, steps=5):
    """Newton-Schulz iteration on a stack of matrices (n, rows, columns)."""
    tall = g.shape[1] > g.shape[2]
    x = g.transpose(1, 2) if tall else g
    x = (x / (x.flatten(1).norm(dim=1)[:, None, None] + 1e-7)).bfloat16()
    for _ in range(steps):
        a = x @ x.transpose(1, 2)
        b = torch.baddbmm(a, a, a, beta=-4.7750, alpha=2.0315)
        x = torch.baddbmm(x, b, x, beta=3.4445)
    return (x.transpose(1, 2) if tall else x).float()


class Muon(torch.optim.Optimizer):
    def __init__(self, params, lr, momentum=0.95, weight_decay=0.01):
        super().__init__(params, dict(lr=lr, momentum=momentum, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            shapes = {}
            for p in group["params"]:
                if p.grad is not None:
                    shapes.setdefault(p.shape, []).append(p)
            for shape, params in shapes.items():
                updates = []
                for p in params:
                    state = self.state[p]
                    if "moving" not in state:
                        state["moving"] = torch.zeros_like(p)
                    state["moving"].lerp_(p.grad, 1 - group["momentum"])
                    updates.append(p.grad.lerp(state["moving"], group["momentum"]))
                # Scaled so that its elements are about as large as Adam's.
                scale = 0.2 * max(shape) ** 0.5 * group["lr"]
                for p, u in zip(params, orthogonal(torch.stack(updates))):
                    p.mul_(1 - group["lr"] * group["weight_decay"]).add_(u, alpha=-scale)
