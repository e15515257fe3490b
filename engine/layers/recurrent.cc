// recurrent: GRU (Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder", 2014, as
// cuDNN and PyTorch compute it), LSTM (Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997)
// and SRU (Lei et al., "Training RNNs as Fast as CNNs", 2017, without its tanh).
//
// GRU:  r = s(W_r x + b_r + U_r h + c_r)        LSTM: i, f, o = s(W x + b + U h + c)
//       z = s(W_z x + b_z + U_z h + c_z)              g = a(W_g x + b_g + U_g h + c_g)
//       n = a(W_n x + b_n + r (U_n h + c_n))          c' = f c + i g
//       h' = (1 - z) n + z h                          h' = o a(c')
//
// SRU:  f, r = s(W x + b)    c' = f c + (1 - f) W_u x    h' = r c' + (1 - r) x
//
// s is the sigmoid, a is `outer_activation`. If an SRU is not as wide as its input, W_p x replaces
// the last x.

#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/kurfile/specs/layer_spec.h"
#include "engine/layers/activation_names.h"
#if KUR_RUNTIME
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/gru.h>
#include <ATen/ops/linalg_qr.h>
#include <ATen/ops/lstm.h>
#include <ATen/ops/sign.h>
#include <ATen/ops/zeros.h>
#include <c10/core/impl/LocalDispatchKeySet.h>

#include "engine/layers/activation_function.h"
#include "engine/layers/kernels/fused_recurrent.h"
#include "engine/layers/kernels/recurrent_cell.h"
#include "engine/layers/layer.h"
#endif

namespace kur {
namespace {

struct RecurrentSpec : LayerSpec {
  int64_t size = 0;
  std::string type = "gru";
  bool sequence = true;
  bool bidirectional = false;
  std::optional<std::string> merge;
  std::optional<std::string> outer_activation;

  std::string kind() const override { return "recurrent"; }

  std::string Merge() const { return merge.value_or("concat"); }
  std::string OuterActivation() const { return outer_activation.value_or("tanh"); }
  // Return the number of matrices, of Units() rows each, that multiply the input, or the state.
  int64_t InputGates(int64_t features) const {
    if (type == "gru") return 3;
    return type == "lstm" || features != Units() ? 4 : 3;
  }
  int64_t StateGates() const { return type == "gru" ? 3 : type == "lstm" ? 4 : 0; }
  // Returns the units of each direction.
  int64_t Units() const { return bidirectional && Merge() == "concat" ? size / 2 : size; }

  absl::StatusOr<Shape> OutputShape(const std::vector<Shape>& inputs) const override {
    KUR_RETURN_IF_ERROR(RequireOneInput(inputs));
    if (inputs[0].size() != 2) {
      return absl::InvalidArgumentError(absl::StrCat(
          "takes sequences, (time, features), but the input is ", ToString(inputs[0])));
    }
    return sequence ? Shape{inputs[0][0], size} : Shape{size};
  }

  std::vector<WeightInfo> Weights(const std::vector<Shape>& inputs) const override {
    const int64_t features = inputs[0][1];
    const int64_t rows = InputGates(features) * Units();
    std::vector<WeightInfo> weights;
    for (const char* suffix : {"", "_reverse"}) {
      if (*suffix != '\0' && !bidirectional) break;
      weights.push_back({absl::StrCat("weight_ih", suffix), {rows, features}});
      if (type == "sru") {
        weights.push_back({absl::StrCat("bias_ih", suffix), {2 * Units()}});
        continue;
      }
      weights.push_back({absl::StrCat("weight_hh", suffix), {rows, Units()}});
      weights.push_back({absl::StrCat("bias_ih", suffix), {rows}});
      weights.push_back({absl::StrCat("bias_hh", suffix), {rows}});
    }
    return weights;
  }

  int64_t MultiplyAdds(const std::vector<Shape>& inputs) const override {
    const int64_t features = inputs[0][1];
    if (features == kUnknown) return kUnknown;
    return Product({inputs[0][0], bidirectional ? 2 : 1, Units(),
                    InputGates(features) * features + StateGates() * Units()});
  }

  // The input, and for every step the gates, the gradients of the gates, and the states.
  SavedForBackward SavedTensors(const std::vector<Shape>& inputs) const override {
    return {/*input=*/true, /*output=*/false, /*is_view=*/false,
            Product({inputs[0][0], bidirectional ? 2 : 1,
                     (2 * InputGates(inputs[0][1]) + 3) * Units(), int64_t{sizeof(float)}})};
  }
};

const Fields<RecurrentSpec>& RecurrentFields() {
  static const auto* const kFields = new Fields<RecurrentSpec>(
      Fields<RecurrentSpec>()
          .Required("size", &RecurrentSpec::size, "features of the output", AtLeast(1))
          .Example("128")
          .Choice("type", &RecurrentSpec::type, {"gru", "lstm", "sru"}, "the cell")
          .Optional("sequence", &RecurrentSpec::sequence,
                    "whether every step is given, or only the last")
          .Optional("bidirectional", &RecurrentSpec::bidirectional,
                    "whether it goes through the sequence backward, too")
          .Choice("merge", &RecurrentSpec::merge, {"concat", "add", "multiply", "average"},
                  "bidirectional: how both directions are merged: concat (each has half of the "
                  "size), add, multiply or average; default: concat")
          .Example("average")
          .Optional("outer_activation", &RecurrentSpec::outer_activation,
                    "gru, lstm: the function of the new state, any of those of 'activation'; "
                    "default: tanh",
                    {absl::StrCat("one of: ", absl::StrJoin(ActivationNames(), ", ")),
                     [](const std::optional<std::string>& name) {
                       return !name || absl::c_linear_search(ActivationNames(), *name);
                     }})
          .Example("relu"));
  return *kFields;
}

std::shared_ptr<const LayerSpec> ParseRecurrent(const Value& value, const std::string& key,
                                                Diagnostics* diagnostics) {
  auto spec = std::make_shared<RecurrentSpec>();
  spec->location = value.location();
  spec->key = key;
  if (!RecurrentFields().Parse(value, key, diagnostics, spec.get())) return nullptr;
  if (spec->merge.has_value() && !spec->bidirectional) {
    diagnostics->Error(value.location(), key + ".merge",
                       "only 'bidirectional: yes' has two directions to merge");
    return nullptr;
  }
  if (spec->outer_activation.has_value() && spec->type == "sru") {
    diagnostics->Error(value.location(), key + ".outer_activation",
                       "an sru has no such function: only gru and lstm do");
    return nullptr;
  }
  if (spec->bidirectional && spec->Merge() == "concat" && spec->size % 2 != 0) {
    diagnostics->Error(value.location(), key + ".size",
                       "must be even, as each direction gives half of it (merge: concat)");
    return nullptr;
  }
  return spec;
}

LayerKind MakeRecurrentKind() {
  LayerKind kind =
      MakeLayerKind("Goes through a sequence and carries a state along: GRU, LSTM or SRU.",
                    "recurrent: {size: 128, type: gru, sequence: no}", RecurrentFields());
  kind.parse = ParseRecurrent;
  return kind;
}

const Registration<LayerKind> kKind("recurrent", MakeRecurrentKind());

#if KUR_RUNTIME
// Returns a random orthogonal matrix of `size` rows (Saxe, McClelland and Ganguli, "Exact solutions
// to the nonlinear dynamics of learning in deep linear neural networks", 2014).
at::Tensor RandomOrthogonal(int64_t size, const at::Generator& generator) {
  at::Tensor random = at::empty({size, size}).normal_(0, 1, generator);
  const auto [q, r] = at::linalg_qr(random);
  return q * r.diagonal().sign();
}

class Recurrent : public Layer {
 public:
  Recurrent(const RecurrentSpec& spec, const std::vector<Shape>& inputs,
            const at::Generator& generator)
      : spec_(spec),
        cell_(spec.type == "gru"    ? CellType::kGru
              : spec.type == "lstm" ? CellType::kLstm
                                    : CellType::kSru),
        activation_(FindActivation(spec.OuterActivation())),
        gate_activation_(FindGateActivation(spec.OuterActivation())) {
    const int64_t units = spec.Units();
    for (const WeightInfo& info : spec.Weights(inputs)) {
      at::Tensor value = at::zeros(info.shape);
      // Each gate has a matrix of its own.
      for (int64_t gate = 0; gate < info.shape[0] / units; ++gate) {
        at::Tensor part = value.narrow(0, gate * units, units);
        if (absl::StartsWith(info.name, "weight_ih")) {
          FillGlorotUniform(part, info.shape[1], units, generator);
        } else if (absl::StartsWith(info.name, "weight_hh")) {
          part.copy_(RandomOrthogonal(units, generator));
        } else if (absl::StartsWith(info.name, "bias_ih") && spec.type == "lstm" && gate == 1) {
          part.fill_(1);  // the forget gate starts open
        }
      }
      AddWeight(info.name, value);
    }
  }

  at::Tensor Forward(const std::vector<at::Tensor>& inputs,
                     const ForwardContext& context) override {
    if (inputs[0].size(1) == 0) return OutputOfNoSteps(inputs[0]);
    // With the time axis first, each step is contiguous in memory.
    const at::Tensor x = inputs[0].transpose(0, 1);
    const bool can_fuse = CanFuse(x) && gate_activation_.has_value();
    const at::Tensor y =
        can_fuse || !HasAtenOperator() ? Run(x, can_fuse) : RunAtenOperator(x, context);
    return spec_.sequence ? y.transpose(0, 1) : y;
  }

 private:
  // Returns the output for sequences without steps: no states, or the zero state.
  at::Tensor OutputOfNoSteps(const at::Tensor& x) const {
    const int64_t batch = x.size(0);
    return spec_.sequence ? at::zeros({batch, 0, spec_.size}, x.options())
                          : at::zeros({batch, spec_.size}, x.options());
  }

  // Returns true if ATen has an operator for the cell.
  bool HasAtenOperator() const {
    return cell_ != CellType::kSru && gate_activation_ == GateActivation::kTanh;
  }

  at::Tensor RunAtenOperator(const at::Tensor& x, const ForwardContext& context) {
    // In single precision, as the fused kernels: not every oneDNN has an LSTM in bf16.
    std::optional<c10::impl::ExcludeDispatchKeyGuard> no_autocast;
    if (x.is_cpu()) no_autocast.emplace(c10::autocast_dispatch_keyset);
    const int64_t directions = spec_.bidirectional ? 2 : 1;
    std::vector<at::Tensor> parameters;
    for (const Weight& weight : weights()) parameters.push_back(weight.value);
    const at::Tensor zero = at::zeros({directions, x.size(1), spec_.Units()}, x.options());
    at::Tensor all;   // (time, batch, directions * units)
    at::Tensor last;  // (directions, batch, units)
    if (cell_ == CellType::kGru) {
      std::tie(all, last) =
          at::gru(x, zero, parameters, /*has_biases=*/true, /*num_layers=*/1, /*dropout=*/0,
                  context.training, spec_.bidirectional, /*batch_first=*/false);
    } else {
      at::Tensor cell;
      std::tie(all, last, cell) = at::lstm(x, {zero, zero}, parameters, true, 1, 0,
                                           context.training, spec_.bidirectional, false);
    }
    if (!spec_.bidirectional) return spec_.sequence ? all : last[0];
    return spec_.sequence ? Merged(all.narrow(-1, 0, spec_.Units()),
                                   all.narrow(-1, spec_.Units(), spec_.Units()))
                          : Merged(last[0], last[1]);
  }

  at::Tensor Run(const at::Tensor& input, bool fused) {
    const at::Tensor x = fused ? input.contiguous() : input;
    const at::Tensor forward = RunDirection(x, fused, /*reverse=*/false);
    if (!spec_.bidirectional) return forward;
    return Merged(forward, RunDirection(x, fused, /*reverse=*/true));
  }

  at::Tensor RunDirection(const at::Tensor& x, bool fused, bool reverse) {
    const SequenceOptions options = {reverse, spec_.sequence};
    return fused ? RunFused(cell_, x, WeightsOf(reverse), *gate_activation_, options)
                 : RunStepwise(cell_, x, WeightsOf(reverse), activation_, options);
  }

  CellWeights WeightsOf(bool reverse) {
    const size_t count = cell_ == CellType::kSru ? 2 : 4;
    const Weight* const first = weights().data() + (reverse ? count : 0);
    if (cell_ == CellType::kSru) return {first[0].value, {}, first[1].value, {}};
    return {first[0].value, first[1].value, first[2].value, first[3].value};
  }

  at::Tensor Merged(const at::Tensor& forward, const at::Tensor& backward) const {
    const std::string merge = spec_.Merge();
    if (merge == "add") return forward + backward;
    if (merge == "multiply") return forward * backward;
    if (merge == "average") return (forward + backward) / 2;
    return at::cat({forward, backward}, -1);
  }

  const RecurrentSpec spec_;
  const CellType cell_;
  const ActivationFunction activation_;
  const std::optional<GateActivation> gate_activation_;
};

const Registration<LayerBuilder> kBuilder("recurrent",
                                          MakeLayerBuilder<Recurrent, RecurrentSpec>());
#endif

}  // namespace
}  // namespace kur
