"""What differs between the two frameworks, in English and Chinese."""

NOTES: dict[str, tuple[str, str]] = {
    "same": ("The same function under PyTorch's name.", "功能相同,只是换成PyTorch的名字。"),
    "axis": ("`axis` is called `dim`.", "参数`axis`在PyTorch中叫`dim`。"),
    "reduction-shape": (
        "MXNet returns shape (1,) for a full reduction, PyTorch a scalar of shape ().",
        "对全部元素归约时MXNet返回形状(1,),PyTorch返回形状()的标量。",
    ),
    "concat-axis": (
        "`nd.concat` joins along axis 1 by default, `torch.cat` along 0.",
        "`nd.concat`默认沿维度1连结,`torch.cat`默认沿维度0。",
    ),
    "float-comparison": (
        "A comparison gives floats in MXNet and bools in PyTorch: `.float()` keeps `1 - mask` and "
        "`.mean()` working.",
        "比较在MXNet中得到浮点数,在PyTorch中得到布尔值:`.float()`使`1 - mask`和`.mean()`仍可用。",
    ),
    "float-argmax": (
        "argmax and argsort give floats in MXNet and int64 in PyTorch; `.float()` is left out where "
        "only the value is read.",
        "argmax和argsort在MXNet中返回浮点数,在PyTorch中返回int64;只读取数值时省去`.float()`。",
    ),
    "float-array": (
        "MXNet makes float32 out of ints and float64; PyTorch keeps their type.",
        "MXNet把整数和float64都变成float32,PyTorch保留原类型。",
    ),
    "index": (
        "Indices are floats in MXNet and int64 in PyTorch.",
        "索引在MXNet中可为浮点数,在PyTorch中须为int64。",
    ),
    "dot": (
        "`nd.dot` with a second array of more than two axes is a tensor dot; `torch.matmul` is a "
        "batched product there.",
        "第二个数组多于两维时`nd.dot`是张量点积,而`torch.matmul`是批量矩阵乘法。",
    ),
    "reshape": (
        "The codes 0, -2, -3 and -4 of MXNet's reshape are written out from the input's shape.",
        "MXNet的reshape中代码0、-2、-3、-4按输入形状写出。",
    ),
    "size": (
        "`.size` is a number in MXNet and a method in PyTorch: `.numel()`.",
        "`.size`在MXNet中是数,在PyTorch中是方法,故用`.numel()`。",
    ),
    "repeat": (
        "`.repeat` repeats elements in MXNet and tiles in PyTorch.",
        "`.repeat`在MXNet中重复元素,在PyTorch中平铺整个数组。",
    ),
    "flatten": ("MXNet's flatten keeps the first axis.", "MXNet的flatten保留第一维。"),
    "item": ("`asscalar()` is `.item()`.", "`asscalar()`即`.item()`。"),
    "numpy": (
        "The array leaves the graph and the device before it becomes NumPy. It is no copy, as MXNet's is: write `.numpy().copy()` before changing it.",
        "转为NumPy前先脱离计算图和设备。与MXNet不同,它不是副本:修改之前请用`.numpy().copy()`。",
    ),
    "random-names": (
        "`nd.random` says loc/scale/low/high/shape; draws differ even with equal seeds.",
        "`nd.random`的参数名为loc/scale/low/high/shape;即使种子相同,抽样也不同。",
    ),
    "device": ("A context is a device.", "上下文(context)即设备(device)。"),
    "async": (
        "MXNet computes asynchronously even on the CPU; PyTorch has nothing to wait for there.",
        "MXNet在CPU上也异步执行;PyTorch在CPU上无须等待。",
    ),
    "record": (
        "`record()` also switches to training mode and stops at its end; PyTorch always records, "
        "and `train()`, `eval()` and `no_grad()` say the rest.",
        "`record()`同时进入训练模式;PyTorch默认记录,用`train()`、`eval()`和`no_grad()`控制。",
    ),
    "backward-sum": (
        "`backward()` on an array sums it implicitly in MXNet; PyTorch wants a scalar.",
        "MXNet对非标量调用`backward()`时隐式求和,PyTorch须为标量。",
    ),
    "zero-grad": (
        "MXNet overwrites gradients at each backward, PyTorch adds to them: they are reset first.",
        "MXNet每次反向传播覆盖梯度,PyTorch累加,因此先清零。",
    ),
    "step": (
        "`Trainer.step(n)` divides the gradient by n but not `wd`; the division stands at the "
        "loss, where the weight decay is not touched either.",
        "`Trainer.step(n)`把梯度除以n而不除`wd`;这里把除法移到损失处,权重衰减同样不受影响。",
    ),
    "grad-req": (
        "`grad_req='null'` is `requires_grad = False`.",
        "`grad_req='null'`即`requires_grad = False`。",
    ),
    "mode": (
        "A mode belongs to a module in PyTorch: `train()` and `eval()` switch it.",
        "PyTorch中训练模式属于模块,用`train()`和`eval()`切换。",
    ),
    "divided-gradient": (
        "This gradient is of a loss divided by the batch size; MXNet's is not divided.",
        "这里的梯度来自除以批量大小后的损失;MXNet的梯度未除。",
    ),
    "step-rescale": (
        "Something else reads the gradients between backward and step, or the step is one of "
        "several: they are divided right before the step, as MXNet does.",
        "反向传播与更新之间还有其他代码读取梯度,或更新有多种分支:因此像MXNet一样在更新前才除。",
    ),
    "step-keeps": (
        "The gradient is read elsewhere: MXNet's step divides by n and leaves the gradient as it "
        "is; so does `runtime.step`.",
        "其他地方还读取梯度:MXNet的`step`除以n但不改动梯度,`runtime.step`与之相同。",
    ),
    "in-place": (
        "Writing into a parameter outside `record()` is free in MXNet and needs `no_grad` in PyTorch.",
        "在MXNet中可在`record()`之外直接改写参数,在PyTorch中须放在`no_grad`内。",
    ),
    "detach": (
        "The result of this `detach()` was thrown away. It made no difference in MXNet, where each "
        "`record()` starts a new graph; PyTorch needs it kept.",
        "这里`detach()`的结果被丢弃。MXNet每次`record()`都新建计算图,所以无影响;PyTorch须保留结果。",
    ),
    "carried": (
        "A state goes from one recorded block to the next: MXNet starts a new graph there, "
        "PyTorch needs it detached.",
        "状态从一个record块传到下一个:MXNet在此新建计算图,PyTorch须先分离。",
    ),
    "is-training": (
        "A function has no training mode in PyTorch: whether gradients are recorded stands in for it.",
        "PyTorch的普通函数没有训练模式,用是否记录梯度来代替。",
    ),
    "mode-of-functions": (
        "Here MXNet records without training, or trains without recording: a function asks whether "
        "gradients are recorded and takes that for the mode.",
        "此处MXNet只记录而不训练,或只训练而不记录:函数以是否记录梯度作为模式。",
    ),
    "loss-per-sample": (
        "Gluon's losses are one number per sample; `reduction='none'` keeps that.",
        "Gluon的损失按样本返回;用`reduction='none'`保持一致。",
    ),
    "loss-half": ("`L2Loss` carries a factor 1/2.", "`L2Loss`带有系数1/2。"),
    "label-shape": (
        "Gluon's losses reshape the label to the prediction; PyTorch would broadcast (N, 1) with (N,).",
        "Gluon的损失把标签变形为预测的形状;PyTorch会把(N, 1)与(N,)广播。",
    ),
    "label-long": (
        "Class labels are int64 in PyTorch.",
        "PyTorch的类别标签须为int64。",
    ),
    "class-axis": (
        "With more than two axes Gluon's class axis is the last and the other axes are averaged.",
        "多于两维时Gluon的类别轴是最后一维,并对其余轴取平均。",
    ),
    "unknown-loss": (
        "Which loss is called here is known at run time only: the cross-entropy of `porting.runtime` "
        "takes labels of any type.",
        "这里调用哪个损失要到运行时才知道:`porting.runtime`的交叉熵接受任意类型的标签。",
    ),
    "init": (
        "Gluon draws weights from U(-0.07, 0.07) and sets biases to zero unless told otherwise, "
        "PyTorch does neither; embeddings too follow this initialiser.",
        "Gluon默认权重取自U(-0.07, 0.07)、偏差为零,PyTorch不同;词嵌入也用同一初始化方法。",
    ),
    "deferred": (
        "Layers learn their input size at the first call.",
        "层在第一次调用时才得知输入大小。",
    ),
    "dense-flatten": (
        "`Dense` flattens its input to two axes; `nn.Flatten` says so where the input may have more.",
        "`Dense`默认把输入展平为二维;输入可能多于二维时用`nn.Flatten`写明。",
    ),
    "dense-activation": (
        "`activation=` is a layer of its own in PyTorch; indices into the network are moved.",
        "`activation=`在PyTorch中是单独的层;网络下标随之调整。",
    ),
    "layers-counted": (
        "The port's network may have more layers than the original's: an activation and `nn.Flatten` "
        "are layers of their own.",
        "移植后的网络层数可能更多:激活函数和`nn.Flatten`是单独的层。",
    ),
    "batch-norm": (
        "momentum weighs the old statistic in MXNet and the new one in PyTorch: 0.9 becomes 0.1. "
        "PyTorch's running variance is unbiased, MXNet's is biased.",
        "MXNet的momentum是旧统计量的权重,PyTorch是新统计量的权重:0.9变为0.1。PyTorch的移动方差无偏,MXNet有偏。",
    ),
    "rnn": (
        "Gluon's states are lists, only the output is returned without states, the input size is "
        "learnt, and `RNN` is ReLU by default: the class of `porting.runtime` keeps all four.",
        "Gluon的状态是列表,不传状态时只返回输出,输入大小自动得知,`RNN`默认用ReLU:`porting.runtime`中的类保留这四点。",
    ),
    "embedding": ("The initialiser draws the embedding too.", "词嵌入也由初始化方法抽取。"),
    "pooling": (
        "`pooling_convention='full'` is `ceil_mode=True`; strides default to the pool size in both.",
        "`pooling_convention='full'`即`ceil_mode=True`;步幅默认等于池化窗口。",
    ),
    "sequential": (
        "`add` is merged into the construction, or becomes `extend`.",
        "`add`并入构造函数,或写成`extend`。",
    ),
    "module": ("A Block is a Module.", "Block即Module。"),
    "hybridize": (
        "PyTorch runs eagerly: hybridising has no counterpart that changes numbers.",
        "PyTorch即时执行,无须hybridize。",
    ),
    "layer-name": (
        "MXNet numbers its layers (dense0); a module of PyTorch has the name of its class.",
        "MXNet给层编号命名(如dense0);PyTorch的模块只有类名。",
    ),
    "fix-gamma": (
        "`nd.BatchNorm` takes gamma to be 1 unless `fix_gamma=False`, and epsilon is 1e-3.",
        "除非`fix_gamma=False`,`nd.BatchNorm`把gamma当作1;epsilon为1e-3。",
    ),
    "pad": (
        "MXNet lists the widths from the first axis on, PyTorch from the last one back.",
        "MXNet从第一维起列出填充宽度,PyTorch从最后一维起。",
    ),
    "sequence": (
        "PyTorch has no such function: that of `porting.runtime` does the same.",
        "PyTorch没有对应的函数,由`porting.runtime`提供。",
    ),
    "cell": (
        "Gluon's cells keep their states in lists and can `unroll`; those of "
        "`porting.runtime` do the same.",
        "Gluon的循环单元以列表存放状态并支持`unroll`;`porting.runtime`与之相同。",
    ),
    "metric": (
        "PyTorch has no metrics: those of `porting.runtime` do the same.",
        "PyTorch没有评价指标类,由`porting.runtime`提供。",
    ),
    "name-scope": (
        "Parameters are named after attributes; no scope is needed.",
        "参数按属性命名,不需要name_scope。",
    ),
    "parameters": (
        "A Gluon Parameter holds an array; in PyTorch it is the array.",
        "Gluon的Parameter内含数组,PyTorch的Parameter本身就是数组。",
    ),
    "gradient-none": (
        "Before the first backward the gradient is zeros in MXNet and None in PyTorch.",
        "首次反向传播之前,梯度在MXNet中为零,在PyTorch中为None。",
    ),
    "parameter-pattern": (
        "The pattern is matched against PyTorch's names; BatchNorm's gamma and beta are called "
        "weight and bias there.",
        "模式与PyTorch的参数名匹配;BatchNorm的gamma和beta在那里叫weight和bias。",
    ),
    "state-dict": ("Parameters are saved as a state dict.", "参数以state dict保存。"),
    "momentum-state": (
        "MXNet's momentum holds the learning rate, `torch.optim.SGD`'s does not: they differ once "
        "the rate changes. Where the text changes it, `runtime.SGD` keeps MXNet's.",
        "MXNet的动量含学习率,`torch.optim.SGD`的不含:学习率改变后两者不同。文本中改变学习率时用`runtime.SGD`保持MXNet的做法。",
    ),
    "nag-decay": (
        "With `wd`, MXNet's NAG takes the decay in its momentum of the parameter as already "
        "changed: `runtime.NAG` does too.",
        "有`wd`时,MXNet的NAG在动量中对已更新的参数做衰减:`runtime.NAG`与之相同。",
    ),
    "epsilon": (
        "epsilon stands at another place: under the root in MXNet or next to the corrected root.",
        "epsilon的位置不同:在MXNet中位于根号内或未修正的根号旁。",
    ),
    "optimizer-defaults": (
        "Defaults differ: MXNet's are written out.",
        "默认值不同:写出MXNet的默认值。",
    ),
    "optimizer-runtime": (
        "Which optimizer is known at run time only: `porting.runtime.optimizer` chooses it.",
        "优化算法要到运行时才知道,由`porting.runtime.optimizer`选择。",
    ),
    "dataset": (
        "Same argument names; `TensorDataset` holds arrays.",
        "参数名相同;`TensorDataset`存放数组。",
    ),
    "torchvision": (
        "Images come from torchvision, which has to be installed.",
        "图像数据来自torchvision,须另行安装。",
    ),
    "images": (
        "`runtime.Images` gives the items Gluon gives: uint8 (height, width, channels) and a label, "
        "here int64.",
        "`runtime.Images`给出与Gluon相同的样本:uint8的(高, 宽, 通道)图像和标签(此处为int64)。",
    ),
    "imread": (
        "Pillow decodes, OpenCV in MXNet: of a JPEG file a pixel may differ by some levels.",
        "由Pillow解码,MXNet用OpenCV:JPEG文件的像素可能相差几级。",
    ),
    "where": (
        "The condition is a float array in MXNet and a bool in PyTorch.",
        "条件在MXNet中为浮点数组,在PyTorch中为布尔。",
    ),
    "selu": (
        "MXNet 1.9.1's gradient of SELU is not that of its values: training differs.",
        "MXNet 1.9.1中SELU的梯度与其函数值不符:训练结果不同。",
    ),
    "round": (
        "MXNet rounds halves away from zero, `torch.round` to even: `runtime.round`.",
        "MXNet四舍五入,`torch.round`取偶,故用`runtime.round`。",
    ),
    "scalar-operand": (
        "`torch.maximum` takes no numbers: `clamp` does.",
        "`torch.maximum`不接受标量,改用`clamp`。",
    ),
    "assumed-array": (
        "The receiver was taken to be an array; its type is not known from the text.",
        "这里假定接收者为数组;仅凭文本无法得知其类型。",
    ),
    "helper": (
        "The book's helper for PyTorch, from `porting.d2lzh`.",
        "本书工具函数的PyTorch版,来自`porting.d2lzh`。",
    ),
    "error": (
        "PyTorch without CUDA raises AssertionError, with it RuntimeError.",
        "没有CUDA的PyTorch抛出AssertionError,有CUDA时抛出RuntimeError。",
    ),
    "seed": ("Equal seeds give different draws.", "相同种子得到不同的抽样。"),
    "import": (
        "MXNet's modules are replaced by those of PyTorch that the text needs.",
        "MXNet的模块换成文本所需的PyTorch模块。",
    ),
    "syntax": ("This block is not Python and was left as it was.", "此代码块不是Python,未作改动。"),
    "unknown": (
        "No PyTorch form is known. The stub raises when it is reached.",
        "没有已知的PyTorch写法。执行到此处的桩代码会抛出异常。",
    ),
    "argument": (
        "An argument has no known PyTorch form. The stub raises when it is reached.",
        "某个参数没有已知的PyTorch写法。执行到此处的桩代码会抛出异常。",
    ),
    "int-argmax": (
        "argmax and argsort of `np` give int64 in both.",
        "`np`的argmax和argsort在两者中都返回int64。",
    ),
    "mean-of-bools": (
        "MXNet averages bools, PyTorch wants floats.",
        "MXNet可对布尔数组求平均,PyTorch须先转为浮点数。",
    ),
    "bool-arithmetic": (
        "MXNet subtracts bools as integers, PyTorch refuses.",
        "MXNet把布尔数组当整数相减,PyTorch不允许。",
    ),
    "correction": (
        "`std` and `var` divide by n in MXNet and by n - 1 in PyTorch: `correction=0`.",
        "MXNet的`std`和`var`除以n,PyTorch除以n - 1,故写`correction=0`。",
    ),
    "round-even": (
        "MXNet's rint takes halves down, PyTorch's round to even.",
        "MXNet的rint在恰为一半时向下取,PyTorch的round取偶。",
    ),
    "no-gradient": (
        "MXNet 1.9.1 gives this function no gradient, PyTorch does.",
        "MXNet 1.9.1中此函数没有梯度,PyTorch有。",
    ),
    "split-sections": (
        "The second argument counts the parts or lists where to cut, as in `tensor_split`; "
        "`torch.split` would take it for the size of a part.",
        "第二个参数是份数或切分位置,与`tensor_split`一致;`torch.split`会当作每份的大小。",
    ),
    "pad-order": (
        "`F.pad` lists the last axis first.",
        "`F.pad`从最后一维开始列出。",
    ),
    "np-array": (
        "`np.array` makes float32 of Python's numbers and keeps the type of NumPy's arrays.",
        "`np.array`把Python数变成float32,而保留NumPy数组的类型。",
    ),
    "np-random": (
        "The draws follow the same distribution; equal seeds give different ones.",
        "分布相同;即使种子相同,抽样也不同。",
    ),
    "np-save": (
        "MXNet's `load` gives a list or a dict: one array is saved as a list of one.",
        "MXNet的`load`返回列表或字典:单个数组存为只有一个元素的列表。",
    ),
    "set-np": (
        "PyTorch's arrays have NumPy's shapes and types without being told.",
        "PyTorch的数组本来就有NumPy的形状和类型。",
    ),
    "npx-reshape": (
        "The codes -2 to -6 of `npx.reshape` are written out from the input's shape.",
        "`npx.reshape`的代码-2至-6按输入形状写出。",
    ),
    "sequence-mask": (
        "PyTorch has no function for it: `porting.runtime` has.",
        "PyTorch没有这个函数,由`porting.runtime`提供。",
    ),
    "d2l": (
        "The same helper of `d2l.torch` 0.17.6.",
        "`d2l.torch` 0.17.6中的同名工具函数。",
    ),
    "d2l-updater": (
        "`d2l.torch` resets the gradients of optimizers and in `d2l.sgd`; an update written by hand "
        "has to reset its own. The loss has to be per sample.",
        "`d2l.torch`只为优化器和`d2l.sgd`清零梯度;手写的更新须自行清零。损失须按样本返回。",
    ),
    "d2l-labels": (
        "`d2l.torch` reshapes the labels to the prediction here: class labels do not fit.",
        "`d2l.torch`在此把标签变形为预测的形状:不适用于类别标签。",
    ),
    "d2l-device": (
        "`begin_state` is called with `device=` instead of `ctx=`.",
        "调用`begin_state`时用`device=`代替`ctx=`。",
    ),
    "d2l-channels": (
        "`d2l.torch` takes images of one channel unless `in_channels` says otherwise.",
        "`d2l.torch`默认图像只有一个通道,否则须给出`in_channels`。",
    ),
    "d2l-cuda": (
        "`d2l.torch` splits a batch among CUDA devices only.",
        "`d2l.torch`只能把批量分给CUDA设备。",
    ),
    "d2l-init": (
        "`d2l.mxnet` initialises the whole network first; `d2l.torch` reaches neither lazy layers nor "
        "biases, so that is written out.",
        "`d2l.mxnet`先初始化整个网络;`d2l.torch`不处理惰性层和偏差,因此写明。",
    ),
    "d2l-sizes": (
        "d2l.torch wants the input sizes as arguments too",
        "d2l.torch还须给出输入大小",
    ),
    "d2l-state": (
        "its state is an array in d2l.torch and a list in d2l.mxnet",
        "其状态在d2l.torch中是数组,在d2l.mxnet中是列表",
    ),
    "d2l-loss-scale": (
        "d2l.torch divides neither the loss nor the gradient by the batch size here",
        "d2l.torch在此处不把损失或梯度除以批量大小",
    ),
    "d2l-axes": (
        "d2l.torch holds these images as channels, height, width and d2l.mxnet with the channels last",
        "d2l.torch的图像通道在前,d2l.mxnet的通道在后",
    ),
}
