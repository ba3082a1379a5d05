"""The lab's words in Chinese, by the English ones; what is not here stays English. {0}, {1}: numbers."""

CHINESE: dict[str, str] = {
    # the bar
    "Play": "播放",
    "Pause": "暂停",
    "Reset": "重置",
    "Back to the beginning: the same initial weights, the same noise": "回到起点：同样的初始权重，同样的噪声",
    "Play, pause (space)": "播放／暂停（空格键）",
    "Slow motion": "慢动作",
    "One alternation in its smallest steps: sample noise, generate, score, loss, gradient, update (S)":
        "把一轮交替训练拆成最小的步骤：采样噪声、生成、打分、损失、梯度、更新（S 键）",
    "Speed": "速度",
    "How many alternations a second, at most. On the far right: as fast as this machine can.":
        "每秒最多进行多少轮交替训练。最右端：这台机器能多快就多快。",
    "fastest": "最快",
    "{0} steps a second": "每秒 {0} 步",
    "steps": "步",
    # the picture
    "Real and fake points in the plane": "平面上的真实点与生成点",
    "The picture": "图像",
    "real": "真实点",
    "fake": "生成点",
    "best D": "最优 D",
    "G's grid": "G 的网格",
    "pushes": "推力",
    "path": "轨迹",
    "Points of the data": "数据中的点",
    "What G makes of the same latents, again and again": "G 由同一批潜变量生成的点",
    "What D believes everywhere: real, or fake; pale where it cannot tell":
        "D 在各处的判断：真或假；分不清的地方颜色很淡",
    "The best answer there is to this G: p_data / (p_data + p_g) (Goodfellow 2014, Proposition 1). Together with D(x), "
    "a border to drag parts the two":
        "面对当前的 G，判别器的最优答案：p_data / (p_data + p_g)（Goodfellow 2014，命题 1）。"
        "与 D(x) 同时打开时，可拖动分界线对比",
    "A grid of latents, bent by G into the plane": "潜变量的网格，被 G 弯折到平面上",
    "Where D pushes each fake: downhill on G's loss": "D 把每个生成点推向何处：沿 G 的损失下降的方向",
    "The way of the fake that you click, over time": "点击一个生成点，看它随时间走过的路",
    "fake {0}: D says {1} % real": "生成点 {0}：D 认为 {1} % 为真",
    "Past": "回放",
    "now": "现在",
    "back to now": "回到现在",
    "The past": "回放",
    "Drag to see how it was; the charts can be clicked, too": "拖动可查看过去；也可以点击曲线",
    "Looking back at step {0}.": "回看第 {0} 步。",
    # what is going on
    "Press Play: D learns to tell real from fake, G learns to be taken for real.":
        "按“播放”：D 学习分辨真假，G 学习以假乱真。",
    "G covers {0} of {1} modes.": "G 覆盖了 {1} 个模式中的 {0} 个。",
    "D tells real from fake with ease.": "D 轻松分辨真假。",
    "D can mostly tell real from fake.": "D 大多能分辨真假。",
    "D can hardly tell real from fake.": "D 几乎分不清真假。",
    "D cannot tell real from fake.": "D 分不清真假。",
    "D cannot tell, though they lie apart: it has not kept up with G.": "两者相距甚远，D 却分不清：它跟不上 G。",
    "G fits the data.": "G 已贴合数据分布。",
    "Connection lost; trying again…": "连接中断，正在重试……",
    "The connection was lost, and with it what was played: it begins anew.": "连接曾中断，之前的过程已丢失：重新开始。",
    # the charts
    "Losses": "损失",
    "What each player minimises, of the newest batch. They say how the game stands, not how good the points are.":
        "双方各自最小化的量（最近一批）。它说明博弈的局面，并不说明生成得好不好。",
    "E[log D(x)] + E[log(1 − D(G(z)))], over 2,048 samples of each kind. At the equilibrium it is −log 4 = −1.386 "
    "(Goodfellow 2014, Theorem 1): dotted.":
        "E[log D(x)] + E[log(1 − D(G(z)))]，真假样本各 2,048 个。"
        "达到均衡时等于 −log 4 = −1.386（Goodfellow 2014，定理 1）：虚线。",
    "D's mean answer": "D 的平均判断",
    "The probability of being real that D gives to real points, and to fakes. Dotted: 0.5, where it cannot tell.":
        "D 认为真实点、生成点为真的平均概率。虚线：0.5，即分不清真假。",
    "D's mean score": "D 的平均分数",
    "What D answers, before anything is made of it. Under this objective that is no probability, and V(D, G) has no "
    "meaning.":
        "D 的原始输出。在这个目标函数下它不是概率，V(D, G) 也没有意义。",
    "Fit": "拟合程度",
    "JS: the Jensen-Shannon divergence between data and fakes, in nats, 0 (the same) to log 2 = 0.69 (nothing in "
    "common). Modes: how many of the data's hills G puts points on.":
        "JS：数据与生成分布之间的 Jensen-Shannon 散度（单位 nat），0 表示相同，log 2 = 0.69 表示毫无重叠。"
        "模式：G 覆盖了数据中的多少个峰。",
    "modes": "模式",
    "modes of {0}": "模式（共 {0}）",
    "step {0}": "第 {0} 步",
    "{0} over the steps": "{0}随步数的变化",
    # slow motion
    "sample noise": "采样噪声",
    "generate": "生成",
    "score": "打分",
    "loss": "损失",
    "gradient": "梯度",
    "update D": "更新 D",
    "update G": "更新 G",
    "A batch of real points is drawn from the data, and as many random latents z.":
        "从数据中取出一批真实点，并采样同样多的随机潜变量 z。",
    "G turns each latent into a fake.": "G 把每个潜变量变成一个生成点。",
    "D says of each point how real it looks.": "D 给每个点打分：它看起来有多真。",
    "How wrong D was, on real points and on fakes, as one number.": "D 在真实点和生成点上错了多少，合成一个数。",
    "Which way each weight of D would have to move for a smaller loss.": "D 的每个权重该往哪边动，损失才会变小。",
    "D's weights move one step that way: its surface rises under real points and sinks under fakes.":
        "D 的权重朝那个方向走一步：真实点处的判断升高，生成点处的判断降低。",
    "Step {0} of {1} of D. ": "D 的第 {0} 步（共 {1} 步）。",
    "D says of every {0} points together how real they look.": "D 把每 {0} 个点放在一起打分：它们看起来有多真。",
    "D, as it would be {0} steps further on, judges the same fakes.": "由再走 {0} 步之后的 D 来评判同一批生成点。",
    "D, as it would be one step further on, judges the same fakes.": "由再走一步之后的 D 来评判同一批生成点。",
    "D, changed by now, judges the same fakes.": "更新后的 D 再次评判同一批生成点。",
    "How little D was taken in, as one number.": "D 没有上当的程度，合成一个数。",
    "D's slope at each fake says where to go; through G, how each weight would have to move.":
        "D 在每个生成点处的斜率指明该往哪走；再经过 G，得出每个权重该怎样动。",
    "G's weights move one step that way, and the fakes with them.": "G 的权重朝那个方向走一步，生成点也随之移动。",
}
