# A polynomial of degree 3, fitted with MXNet: something to try mx2torch on.
import d2lzh as d2l
from mxnet import autograd, gluon, init, nd
from mxnet.gluon import data as gdata, loss as gloss, nn

n, true_w, true_b = 100, [1.2, -3.4, 5.6], 5  # 样本数与真实的参数
x = nd.random.normal(shape=(2 * n, 1))
features = nd.concat(x, nd.power(x, 2), nd.power(x, 3))
labels = (true_w[0] * features[:, 0] + true_w[1] * features[:, 1]
          + true_w[2] * features[:, 2] + true_b)
labels += nd.random.normal(scale=0.1, shape=labels.shape)

batch_size, num_epochs, lr, wd = 10, 20, 0.01, 0.001
batches = gdata.DataLoader(gdata.ArrayDataset(features[:n], labels[:n]), batch_size, shuffle=True)

net = nn.Sequential()
net.add(nn.Dense(1))
net.initialize(init.Normal(sigma=0.01))
loss = gloss.L2Loss()
# 只对权重衰减,不对偏差衰减
trainer_w = gluon.Trainer(net.collect_params('.*weight'), 'sgd', {'learning_rate': lr, 'wd': wd})
trainer_b = gluon.Trainer(net.collect_params('.*bias'), 'sgd', {'learning_rate': lr})

train_ls, test_ls = [], []
for epoch in range(num_epochs):
    for X, y in batches:
        with autograd.record():
            l = loss(net(X), y)
        l.backward()
        trainer_w.step(batch_size)
        trainer_b.step(batch_size)
    train_ls.append(loss(net(features[:n]), labels[:n]).mean().asscalar())
    test_ls.append(loss(net(features[n:]), labels[n:]).mean().asscalar())
print('train loss %.4f, test loss %.4f' % (train_ls[-1], test_ls[-1]))
d2l.semilogy(range(1, num_epochs + 1), train_ls, 'epochs', 'loss')
print('weight:', net[0].weight.data(), '\nbias:', net[0].bias.data())
