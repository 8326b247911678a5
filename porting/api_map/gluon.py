"""Rows of gluon: blocks, layers, recurrent layers, losses, data, initialisers, optimizers."""

from __future__ import annotations

from collections.abc import Iterator

from porting.api_map.row import Row
from porting.not_ported import HELPERS


def _layers() -> Iterator[Row]:
    for name in ("gluon.nn.Block", "gluon.Block", "gluon.nn.HybridBlock", "gluon.HybridBlock"):
        yield Row(
            name,
            "nn.Module",
            "",
            "attribute",
            ("module",),
            kind="class",
            shown_by="test_rules.py::test_block",
        )
    for name in ("Sequential", "HybridSequential"):
        yield Row(
            f"gluon.nn.{name}",
            "nn.Sequential()",
            "prefix! params!",
            "sequential",
            ("sequential",),
            shown_by="test_rules.py::test_indices_follow_the_layers",
            kind="module",
        )
    yield Row(
        "gluon.nn.Dense",
        "nn.LazyLinear({units})",
        "units activation use_bias=True flatten=True dtype='float32' in_units=0 params prefix! weight_initializer! bias_initializer='zeros'",
        "dense",
        ("deferred", "dense-flatten", "dense-activation"),
        "layer(nn.Dense(5), a)",
        "layer(nn.Sequential(nn.Flatten(), nn.LazyLinear(5)), a)",
        "a:2x3x4",
        kind="module",
    )
    yield Row(
        "gluon.nn.Dropout",
        "nn.Dropout({rate})",
        "rate axes=()",
        "call",
        ("same",),
        "layer(nn.Dropout(0.5), a)",
        "layer(nn.Dropout(0.5), a)",
        "a:2x3",
        kind="module",
    )
    yield Row(
        "gluon.nn.Embedding",
        "runtime.Embedding({input_dim}, {output_dim})",
        "input_dim output_dim dtype='float32'",
        "call",
        ("embedding", "index"),
        "layer(nn.Embedding(4, 3), i)",
        "layer(runtime.Embedding(4, 3), i)",
        "i:2x2",
        kind="module",
    )
    yield Row(
        "gluon.nn.Flatten",
        "nn.Flatten()",
        "",
        "call",
        ("same",),
        "layer(nn.Flatten(), a)",
        "layer(nn.Flatten(), a)",
        "a:2x3x4",
        kind="module",
    )
    yield Row(
        "gluon.nn.Activation",
        "nn.ReLU()",
        "activation",
        "activation_layer",
        ("same",),
        "layer(nn.Activation('tanh'), a)",
        "layer(nn.Tanh(), a)",
        "a:2x3",
        kind="module",
    )
    yield Row(
        "gluon.nn.LeakyReLU",
        "nn.LeakyReLU({alpha})",
        "alpha",
        "call",
        ("same",),
        "layer(nn.LeakyReLU(0.1), a)",
        "layer(nn.LeakyReLU(0.1), a)",
        "a:2x3",
        kind="module",
    )
    yield Row(
        "gluon.nn.ELU",
        "nn.ELU({})",
        "alpha=1.0",
        "call",
        ("same",),
        "layer(nn.ELU(), a)",
        "layer(nn.ELU(), a)",
        "a:2x3",
        kind="module",
    )
    yield Row("gluon.nn.SELU", "nn.SELU()", "", "call", ("selu",), kind="module")
    yield Row(
        "gluon.nn.GELU",
        "nn.GELU()",
        "",
        "call",
        ("same",),
        "layer(nn.GELU(), a)",
        "layer(nn.GELU(), a)",
        "a:2x3",
        kind="module",
    )
    yield Row(
        "gluon.nn.LayerNorm", "runtime.LayerNorm({})",
        "axis=-1 epsilon=1e-5>eps center=True scale=True beta_initializer='zeros' "
        "gamma_initializer='ones' in_channels=0",
        "layer_norm", ("deferred",), "layer(nn.LayerNorm(), a)", "layer(runtime.LayerNorm(), a)",
        "a:2x3x4", kind="module",
    )  # fmt: skip
    yield Row(
        "gluon.nn.BatchNorm",
        "runtime.BatchNorm(momentum=0.1)",
        "axis=1 momentum=0.9 epsilon=1e-5>eps center=True scale=True use_global_stats=False in_channels=0",
        "batch_norm",
        ("batch-norm", "deferred"),
        "layer(nn.BatchNorm(), a)",
        "layer(runtime.BatchNorm(), a)",
        "a:2x3x4x4",
        kind="module",
    )
    convolution = "channels>out_channels kernel_size strides=1>stride padding=0 dilation=1 groups=1 layout! activation use_bias=True>bias weight_initializer! bias_initializer='zeros' in_channels=0"
    for axes, shape in ((1, "a:2x3x6"), (2, "a:2x3x6x6"), (3, "a:2x3x4x4x4")):
        yield Row(
            f"gluon.nn.Conv{axes}D",
            f"nn.LazyConv{axes}d({{}})",
            convolution,
            "convolution",
            ("deferred", "dense-activation"),
            f"layer(nn.Conv{axes}D(4, kernel_size=3, padding=1), a)",
            f"layer(nn.LazyConv{axes}d(4, kernel_size=3, padding=1), a)",
            shape,
            kind="module",
        )
        transposed = convolution.replace("padding=0", "padding=0 output_padding=0")
        yield Row(
            f"gluon.nn.Conv{axes}DTranspose",
            f"nn.LazyConvTranspose{axes}d({{}})",
            transposed,
            "convolution",
            ("deferred", "dense-activation"),
            f"layer(nn.Conv{axes}DTranspose(4, kernel_size=3), a)",
            f"layer(nn.LazyConvTranspose{axes}d(4, kernel_size=3), a)",
            shape,
            kind="module",
        )
        for name in ("Max", "Avg"):
            count = " count_include_pad=True" if name == "Avg" else ""
            yield Row(
                f"gluon.nn.{name}Pool{axes}D",
                f"nn.{name}Pool{axes}d({{}})",
                f"pool_size:=2>kernel_size strides>stride padding=0 layout! ceil_mode=False{count}",
                "call",
                ("pooling",),
                f"layer(nn.{name}Pool{axes}D(pool_size=2, strides=2), a)",
                f"layer(nn.{name}Pool{axes}d(kernel_size=2, stride=2), a)",
                shape,
                kind="module",
            )
            yield Row(
                f"gluon.nn.Global{name}Pool{axes}D",
                f"nn.Adaptive{name}Pool{axes}d(1)",
                "layout!",
                "call",
                ("same",),
                f"layer(nn.Global{name}Pool{axes}D(), a)",
                f"layer(nn.Adaptive{name}Pool{axes}d(1), a)",
                shape,
                kind="module",
            )
    cells = "hidden_size num_layers=1 {}layout='TNC' dropout=0 bidirectional=False input_size=0"
    for name in ("RNN", "LSTM", "GRU"):
        signature = cells.format("activation='relu'>nonlinearity " if name == "RNN" else "")
        yield Row(
            f"gluon.rnn.{name}",
            f"runtime.{name}({{}})",
            signature,
            "recurrent",
            ("rnn", "deferred"),
            f"layer(rnn.{name}(4), a)",
            f"layer(runtime.{name}(4), a)",
            "a:5x2x3",
            kind="module",
        )
    yield Row(
        "Module.add",
        "{self}.extend",
        "*args",
        "add",
        ("sequential",),
        kind="py",
        shown_by="test_rules.py::test_indices_follow_the_layers",
    )
    yield Row(
        "Module.initialize",
        "runtime.initialize({self}, {init})",
        "init ctx verbose! force_reinit",
        "initialize",
        ("init",),
        kind="py",
        shown_by="test_rules.py::test_default_initialisation_is_mxnets",
    )
    yield Row(
        "Module.hybridize",
        "",
        "active! static_alloc! static_shape!",
        "remove",
        ("hybridize",),
        kind="py",
        shown_by="test_rules.py::test_hybrid_block",
    )
    yield Row(
        "Module.collect_params",
        "{self}.parameters()",
        "select",
        "collect_params",
        ("parameters",),
        kind="params",
        shown_by="test_training.py::test_weight_decay_on_weights_only",
    )
    yield Row(
        "Module.name_scope",
        "",
        "",
        "remove",
        ("name-scope",),
        kind="py",
        shown_by="test_rules.py::test_name_scope_goes",
    )
    yield Row(
        "Module.register_child",
        "{self}.append({block})",
        "block",
        "call",
        ("sequential",),
        kind="py",
    )
    for name in ("save_parameters", "save_params"):
        yield Row(
            f"Module.{name}",
            "torch.save({self}.state_dict(), {filename})",
            "filename",
            "call",
            ("state-dict",),
            shown_by="test_rules.py::test_saved_parameters",
            kind="py",
        )
    for name in ("load_parameters", "load_params"):
        yield Row(
            f"Module.{name}",
            "{self}.load_state_dict(torch.load({filename}))",
            "filename ctx",
            "load",
            ("state-dict",),
            shown_by="test_rules.py::test_saved_parameters",
            kind="py",
        )
    yield Row(
        "Parameter.data",
        "{self}",
        "ctx!",
        "parameter_data",
        ("parameters",),
        shown_by="test_training.py::test_step_of_one_after_a_mean",
    )
    yield Row(
        "Parameter.grad",
        "{self}.grad",
        "ctx!",
        "parameter_data",
        ("parameters", "gradient-none"),
        shown_by="test_training.py::test_gradients_read_before_the_step_are_not_divided",
    )
    yield Row(
        "Parameter.set_data",
        "{self}.data.copy_({data})",
        "data",
        "call",
        ("parameters", "in-place"),
        kind="py",
    )
    yield Row("Parameter.list_data", "[{self}]", "", "call", ("parameters",), kind="py")
    yield Row(
        "Parameter.list_ctx",
        "[{self}.device]",
        "",
        "call",
        ("device",),
        kind="py",
        shown_by="test_second_edition.py::test_device_of_a_parameter",
    )
    yield Row(
        "Parameter.zero_grad", "{self}.grad = None", "", "zero_grad", ("zero-grad",), kind="py"
    )
    yield Row(
        "Module.params.get",
        "nn.Parameter(torch.empty({shape}))",
        "name! shape init dtype!",
        "params_get",
        ("parameters", "init"),
        kind="param",
        shown_by="test_rules.py::test_parameters_of_its_own",
    )
    yield Row(
        "Module.params.get_constant",
        "nn.Buffer({value})",
        "name! value",
        "call",
        ("parameters",),
        kind="param",
        shown_by="test_rules.py::test_parameters_of_its_own",
    )
    for name in ("gluon.Parameter", "gluon.parameter.Parameter"):
        yield Row(
            name,
            "nn.Parameter(torch.empty({shape}))",
            "name! grad_req! shape dtype! lr_mult=1.0 wd_mult=1.0 init",
            "params_get",
            ("parameters", "init"),
            kind="param",
            shown_by="test_parameters.py::test_parameters_without_a_block",
        )
    yield Row(
        "gluon.ParameterDict",
        "nn.ParameterDict()",
        "prefix='' shared=None",
        "parameter_dict",
        ("parameters",),
        kind="paramdict",
        shown_by="test_parameters.py::test_parameters_without_a_block",
    )
    yield Row(
        "ParameterDict.get",
        "{self}.setdefault({name}, nn.Parameter(torch.empty({shape})))",
        "name shape init dtype!",
        "params_get",
        ("parameters", "init"),
        kind="param",
        shown_by="test_parameters.py::test_parameters_without_a_block",
    )
    yield Row(
        "ParameterDict.initialize",
        "runtime.initialize({self}, {init})",
        "init ctx verbose! force_reinit",
        "initialize",
        ("init",),
        kind="py",
        shown_by="test_parameters.py::test_parameters_without_a_block",
    )


def _losses() -> Iterator[Row]:
    for name in ("SoftmaxCrossEntropyLoss", "SoftmaxCELoss"):
        yield Row(
            f"gluon.loss.{name}",
            "nn.CrossEntropyLoss(reduction='none')",
            "axis=-1 sparse_label=True from_logits=False weight! batch_axis!",
            "cross_entropy",
            ("loss-per-sample", "label-long", "class-axis"),
            f"gloss.{name}()(a, i)",
            "nn.CrossEntropyLoss(reduction='none')(a, i.long())",
            "a:2x3 i:2<3",
            kind="loss",
        )
    yield Row(
        "gluon.loss.L2Loss",
        "runtime.L2Loss()",
        "weight=1.0 batch_axis=0",
        "call",
        ("loss-half", "loss-per-sample", "label-shape"),
        "gloss.L2Loss()(a, b)",
        "runtime.L2Loss()(a, b)",
        "a:4x1 b:4",
        kind="loss",
    )
    yield Row(
        "gluon.loss.L1Loss",
        "runtime.L1Loss()",
        "weight=1.0 batch_axis=0",
        "call",
        ("loss-per-sample", "label-shape"),
        "gloss.L1Loss()(a, b)",
        "runtime.L1Loss()(a, b)",
        "a:4x1 b:4",
        kind="loss",
    )
    yield Row(
        "gluon.loss.HuberLoss",
        "runtime.HuberLoss({})",
        "rho=1>rho weight=1.0 batch_axis=0",
        "call",
        ("loss-per-sample", "label-shape"),
        "gloss.HuberLoss()(a, b)",
        "runtime.HuberLoss()(a, b)",
        "a:4x3 b:4x3",
        kind="loss",
    )
    for name in ("SigmoidBinaryCrossEntropyLoss", "SigmoidBCELoss"):
        yield Row(
            f"gluon.loss.{name}",
            "runtime.SigmoidBinaryCrossEntropyLoss({})",
            "from_sigmoid=False weight=1.0 batch_axis=0",
            "call",
            ("loss-per-sample", "label-shape"),
            f"gloss.{name}()(a, u)",
            "runtime.SigmoidBinaryCrossEntropyLoss()(a, u)",
            "a:4x3 u:4x3",
            kind="loss",
        )
    for name in ("CTCLoss", "TripletLoss"):
        yield Row(f"gluon.loss.{name}", "", "", "unknown", ("unknown",))


def _data() -> Iterator[Row]:
    yield Row(
        "gluon.data.ArrayDataset",
        "data.TensorDataset({args})",
        "*args",
        "array_dataset",
        ("dataset",),
        "list(gdata.ArrayDataset(a, b))[0]",
        "list(gdata.TensorDataset(a, b))[0]",
        "a:2x3 b:2x3",
        kind="dataset",
    )
    yield Row(
        "gluon.data.DataLoader",
        "data.DataLoader({})",
        "dataset batch_size shuffle sampler last_batch='keep' num_workers pin_memory batchify_fn>collate_fn",
        "data_loader",
        ("dataset",),
        "next(iter(gdata.DataLoader(a, 2)))",
        "next(iter(gdata.DataLoader(a, 2)))",
        "a:4x3",
        kind="loader",
    )
    yield Row("gluon.data.Dataset", "data.Dataset", "", "attribute", ("dataset",), kind="class")
    for name in ("FashionMNIST", "MNIST", "CIFAR10", "CIFAR100"):
        yield Row(
            f"gluon.data.vision.{name}",
            f"runtime.Images(torchvision.datasets.{name}({{root}}, train={{train}}, download=True))",
            "root train=True transform" + (" fine_label=False" if name == "CIFAR100" else ""),
            "images",
            ("torchvision", "images"),
            kind="dataset",
            shown_by="test_images.py::test_images",
        )
    for name, signature in (
        ("ToTensor", "*args"),
        ("Resize", "*args"),
        ("Compose", "*args"),
        ("CenterCrop", "*args"),
        ("Normalize", "mean=0.0 std=1.0"),
        ("RandomFlipLeftRight", "*args"),
        ("RandomFlipTopBottom", "*args"),
        ("RandomResizedCrop", "size scale=(0.08,1.0) ratio=(0.75,1.3333333333333333)"),
        ("RandomColorJitter", "brightness=0 contrast=0 saturation=0 hue=0"),
        ("RandomBrightness", "brightness"),
    ):
        target = {
            "RandomFlipLeftRight": "RandomHorizontalFlip",
            "RandomFlipTopBottom": "RandomVerticalFlip",
            "RandomColorJitter": "ColorJitter",
            "RandomBrightness": "ColorJitter",
        }.get(name, name)
        yield Row(
            f"gluon.data.vision.transforms.{name}",
            f"torchvision.transforms.{target}({{}})",
            signature,
            "vision",
            ("torchvision",),
            kind="py",
        )
    yield Row(
        "Dataset.transform_first",
        "runtime.TransformFirst({self}, {fn})",
        "fn lazy!",
        "call",
        ("dataset",),
        kind="dataset",
        shown_by="test_images.py::test_transforms",
    )
    yield Row(
        "Dataset.transform",
        "runtime.Transformed({self}, {fn})",
        "fn lazy!",
        "call",
        ("dataset",),
        kind="dataset",
        shown_by="test_images.py::test_transforms",
    )
    yield Row(
        "gluon.data.SimpleDataset",
        "{data}",
        "data",
        "call",
        ("dataset",),
        "list(gdata.SimpleDataset([1, 2]))",
        "list([1, 2])",
        kind="dataset",
    )
    yield Row(
        "gluon.utils.split_and_load",
        "[{data}.to(device) for device in {ctx_list}]",
        "data ctx_list batch_axis=0",
        "split_and_load",
        ("device",),
        kind="py",
        shown_by="test_training.py::test_several_losses_reset_once",
    )


def _initialisers() -> Iterator[Row]:
    proofs = {
        "Normal": ("nn.init.normal_(w, std={sigma})", "sigma=0.01"),
        "Uniform": ("nn.init.uniform_(w, -{scale}, {scale})", "scale=0.07"),
        "Constant": ("nn.init.constant_(w, {value})", "value"),
    }
    for name, (torch, signature) in proofs.items():
        yield Row(
            f"init.{name}",
            f"lambda w: {torch}",
            signature,
            "initialiser",
            ("init",),
            kind="init",
            shown_by="test_rules.py::test_initialisers_have_the_same_spread",
        )
    for name, function in (("Zero", "zeros_"), ("One", "ones_")):
        yield Row(
            f"init.{name}",
            f"nn.init.{function}",
            "",
            "call",
            ("init",),
            kind="init",
            shown_by="test_rules.py::test_parameter_with_an_initialiser_of_its_own",
        )
    yield Row(
        "init.Xavier",
        "nn.init.xavier_uniform_",
        "rnd_type='uniform' factor_type='avg' magnitude=3",
        "xavier",
        ("init",),
        kind="init",
        shown_by="test_rules.py::test_initialisers_have_the_same_spread",
    )
    yield Row(
        "init.MSRAPrelu",
        "nn.init.xavier_normal_",
        "factor_type='avg' slope=0.25",
        "msra",
        ("init",),
        kind="init",
        shown_by="test_rules.py::test_initialisers_have_the_same_spread",
    )
    yield Row(
        "init.Orthogonal",
        "lambda w: nn.init.orthogonal_(w, gain={scale})",
        "scale=1.414",
        "initialiser",
        ("init",),
        kind="init",
    )
    yield Row(
        "init.Initializer",
        "runtime.Initializer",
        "",
        "attribute",
        ("init",),
        kind="class",
        shown_by="test_rules.py::test_own_initialiser",
    )


def _training() -> Iterator[Row]:
    yield Row(
        "gluon.Trainer",
        "torch.optim.SGD({params}, lr=...)",
        "params optimizer optimizer_params kvstore! update_on_kvstore!",
        "trainer",
        ("step", "optimizer-defaults"),
        kind="trainer",
        shown_by="test_training.py::test_optimizer",
    )
    yield Row(
        "Trainer.step",
        "{self}.step()",
        "batch_size ignore_stale_grad!",
        "step",
        ("step",),
        kind="py",
        shown_by="test_training.py::test_step_divides_and_weight_decay_does_not",
    )
    yield Row(
        "Trainer.set_learning_rate",
        "{self}.param_groups[0]['lr'] = {lr}",
        "lr",
        "learning_rate",
        ("momentum-state",),
        kind="py",
        shown_by="test_training.py::test_learning_rate_can_be_changed",
    )
    yield Row(
        "Trainer.learning_rate",
        "{self}.param_groups[0]['lr']",
        "",
        "attribute",
        ("same",),
        kind="py",
        shown_by="test_training.py::test_learning_rate_can_be_changed",
    )
    for name, torch, notes in OPTIMIZERS_NOTES:
        yield Row(
            f"optimizer.{name}",
            torch,
            "",
            "optimizer",
            notes,
            kind="py",
            shown_by="test_optimisers.py::test_every_step",
        )
    yield Row(
        "autograd.record",
        "",
        "train_mode=True",
        "record",
        ("record",),
        kind="py",
        shown_by="test_training.py::test_networks_train_inside_record_only",
    )
    yield Row(
        "autograd.pause",
        "torch.no_grad()",
        "train_mode!",
        "call",
        ("record",),
        kind="py",
        shown_by="test_modes.py::test_paused",
    )
    for name, torch in (("train_mode", "enable_grad"), ("predict_mode", "no_grad")):
        yield Row(
            f"autograd.{name}",
            f"torch.{torch}()",
            "",
            "call",
            ("mode",),
            kind="py",
            shown_by="test_modes.py::test_modes",
        )
    yield Row(
        "autograd.is_training",
        "torch.is_grad_enabled()",
        "",
        "call",
        ("is-training",),
        kind="py",
        shown_by="test_training.py::test_function_follows_the_training_mode",
    )
    yield Row(
        "autograd.is_recording", "torch.is_grad_enabled()", "", "call", ("is-training",), kind="py"
    )
    yield Row(
        "autograd.backward",
        "torch.autograd.backward([head.sum() for head in {heads}])",
        "heads head_grads! retain_graph=False>retain_graph",
        "call",
        ("backward-sum",),
        kind="py",
    )
    yield Row(
        "autograd.grad",
        "torch.autograd.grad({heads}.sum(), {variables})",
        "heads variables head_grads! retain_graph create_graph=False>create_graph",
        "autograd_grad",
        ("backward-sum",),
        kind="tensors",
    )


OPTIMIZERS_NOTES = (
    ("SGD", "torch.optim.SGD or runtime.SGD", ("momentum-state",)),
    ("NAG", "torch.optim.SGD(nesterov=True) or runtime.NAG", ("momentum-state", "nag-decay")),
    ("Adam", "runtime.Adam", ("epsilon",)),
    ("AdaGrad", "runtime.Adagrad", ("epsilon",)),
    ("RMSProp", "runtime.RMSprop", ("epsilon", "optimizer-defaults")),
    ("AdaDelta", "torch.optim.Adadelta or runtime.Adadelta", ("optimizer-defaults",)),
)


def _context() -> Iterator[Row]:
    yield Row(
        "cpu",
        "torch.device('cpu')",
        "device_id!",
        "call",
        ("device",),
        kind="device",
        shown_by="test_rules.py::test_devices",
    )
    yield Row(
        "gpu",
        "torch.device('cuda', {device_id})",
        "device_id=0",
        "call",
        ("device",),
        kind="device",
    )
    yield Row(
        "Context",
        "torch.device",
        "",
        "attribute",
        ("device",),
        "isinstance(mx.cpu(), mx.Context)",
        "isinstance(torch.device('cpu'), torch.device)",
        "",
        kind="class",
    )
    yield Row("context.Context", "torch.device", "", "attribute", ("device",), kind="class")
    yield Row("context.num_gpus", "torch.cuda.device_count()", "", "call", ("device",), kind="py")
    yield Row("num_gpus", "torch.cuda.device_count()", "", "call", ("device",), kind="py")
    for name in ("base.MXNetError", "MXNetError"):
        yield Row(name, "(RuntimeError, AssertionError)", "", "attribute", ("error",), kind="py")


def _files() -> Iterator[Row]:
    yield Row(
        "metric.Accuracy",
        "runtime.Accuracy()",
        "",
        "call",
        ("same",),
        kind="py",
        shown_by="test_rules.py::test_accuracy_metric",
    )
    for name in ("gluon.utils.download", "test_utils.download"):
        yield Row(
            name,
            "runtime.download({})",
            "url path overwrite=False sha1_hash retries! verify_ssl!",
            "call",
            ("same",),
            kind="py",
        )
    for name in ("contrib.text.vocab.Vocabulary", "contrib.text.Vocabulary"):
        yield Row(
            name,
            "runtime.Vocabulary({})",
            "counter most_freq_count min_freq=1 unknown_token reserved_tokens",
            "call",
            ("same",),
            "vocabulary(mx.contrib.text.vocab.Vocabulary(Counter('bbaac'), min_freq=2))",
            "vocabulary(runtime.Vocabulary(Counter('bbaac'), min_freq=2))",
            kind="py",
        )
    yield Row(
        "image.imread",
        "runtime.imread({filename})",
        "filename",
        "call",
        ("imread",),
        shown_by="d2lzh/test_voc.py::test_read_voc_images",
    )
    yield Row(
        "image.fixed_crop",
        "runtime.fixed_crop({})",
        "*args",
        "call",
        ("same",),
        "mx.image.fixed_crop(a, 1, 0, 2, 2)",
        "runtime.fixed_crop(a, 1, 0, 2, 2)",
        "a:3x4x3",
    )
    yield Row("image.random_crop", "runtime.random_crop({})", "*args", "call", ("random-names",))
    yield Row(
        "image.ImageDetIter",
        "",
        rule="unknown",
        notes=("unknown",),
        reason=HELPERS["load_data_pikachu"],
    )


def rows() -> Iterator[Row]:
    for family in (_files, _layers, _losses, _data, _initialisers, _training, _context):
        yield from family()
